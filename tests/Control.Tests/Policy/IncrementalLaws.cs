using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Control.Tests;

/// <summary>A network that was compiled step by step against one that is calculated from its state by definition.</summary>
public class IncrementalLaws
{
    private const int StepsPerRun = 25;

    [Fact]
    [Trait("Promise", "A2")]
    [Trait("Promise", "A3")]
    public void A_network_that_follows_another_has_the_tables_of_one_that_is_made_anew() => Prop.ForAll<int>(seed =>
    {
        var steps = new RandomSteps(seed);
        var state = NetworkState.Empty;
        var compiled = new CompiledNetwork(state, NaiveTables.Psk, Samples.Lineage);
        for (int step = 0; step < StepsPerRun; step++)
        {
            var old = compiled;
            state = steps.Next(state);
            compiled = compiled.Next(state);
            var naive = new NaiveTables(state);
            foreach (var agent in compiled.Agents.Union(old.Agents).Where(_ => step == StepsPerRun - 1 || steps.Chance(2)))
            {
                var expected = naive.TableOf(agent);
                var actual = compiled.TableOf(agent);
                Assert.True(AgentHub.IsSame(expected, actual), $"step {step}, {agent}");
                Assert.InRange(actual.Revision, 0, state.Revision);
            }

            Assert.Equal(
                Text(AccessComparison.Between(old.State, new Access(old.State), state, new Access(state))),
                Text(AccessComparison.Between(old.State, old.Access, state, compiled.Access)));
            foreach (var user in state.Users)
                Assert.Equal(new Access(state).Of(user), compiled.Access.Of(user));
        }

        return true;
    }).Check(Seeded.Runs(60));

    [Fact]
    public void A_plan_counts_the_live_sessions_that_would_end_and_those_that_would_keep_a_part()
    {
        string file = Samples.Acme.Replace("roles: [staff]\n", "  - { name: db, site: office, destination: 192.168.1.30, tcp: \"5432\" }\nroles: [staff]\n", StringComparison.Ordinal) + "  - { resource: db, machines: [ci] }\n";
        var state = Samples.Apply(NetworkState.Empty, file);
        foreach (string name in new[] { "office-1", "ci", "phone" })
        {
            var peer = state.Peers.First(peer => peer.Name == name);
            state = Transitions.ReportKey(state, new Agent(Names.AgentOf(peer.Kind), peer.Id), name)!;
        }

        var before = Samples.Compile(state);
        SessionsTouched Touched(string next) => SessionsTouched.Between(before, before.Next(Samples.Apply(state, next)), agent => agent.Kind switch
        {
            AgentKind.Connector => [Live("ci"), Live("nobody")],
            AgentKind.Relay => [Live("phone"), Live("ci"), Live("office-1")],
            _ => [],
        });
        Assert.Equal(new SessionsTouched(0, 0), Touched(file));
        Assert.Equal(new SessionsTouched(0, 1), Touched(file.Replace("  - { resource: db, machines: [ci] }\n", "", StringComparison.Ordinal)));
        Assert.Equal(new SessionsTouched(1, 1), Touched(file.Replace("machines: [ci], external-clients: [phone]", "", StringComparison.Ordinal)));
        Assert.Equal(new SessionsTouched(2, 0), Touched("version: 1\norg: acme\n"));
    }

    private static SessionStatus Live(string key) => new(key, true, null, null, 0, 0);

    private static string Text(IReadOnlyList<AccessChange> changes) => string.Join('\n', changes.Select(change =>
        $"{change.Kind} {change.Client} +{string.Join(',', change.Gains)} -{string.Join(',', change.Loses)} ~{string.Join(',', change.Changes)} !{string.Join(',', change.Revoked)}"));

    [Fact]
    public void Tables_that_a_change_does_not_touch_are_the_same_objects()
    {
        var state = Samples.Apply(NetworkState.Empty, Samples.Acme.Replace("sites:", "sites:\n  - { name: plant, connectors: [plant-1] }", StringComparison.Ordinal));
        var before = Samples.Compile(state);
        var agents = before.Agents.ToDictionary(before.NameOf);
        var tables = agents.ToDictionary(entry => entry.Key, entry => before.TableOf(entry.Value));
        var after = before.Next(Transitions.Drain(state, agents["connector office-1"], draining: true));
        Assert.Same(tables["connector plant-1"], after.TableOf(agents["connector plant-1"]));
        Assert.NotSame(tables["connector office-1"], after.TableOf(agents["connector office-1"]));
        Assert.NotSame(tables["machine ci"], after.TableOf(agents["machine ci"]));
        Assert.NotSame(tables["relay vps"], after.TableOf(agents["relay vps"]));
    }

    [Fact]
    public void A_relay_that_changes_leaves_the_other_lists_of_every_table_as_they_are()
    {
        var before = Samples.Compile(Samples.Apply(NetworkState.Empty, Samples.Acme));
        var agents = before.Agents.ToDictionary(before.NameOf);
        var tables = agents.ToDictionary(entry => entry.Key, entry => before.TableOf(entry.Value));
        var after = before.Next(Transitions.ReportTls(before.State, agents["relay vps"], new TlsOffer(8443, null)));
        foreach (var (name, agent) in agents)
        {
            var (old, now) = (tables[name], after.TableOf(agent));
            Assert.NotSame(old, now);
            Assert.Equal(after.State.Revision, now.Revision);
            Assert.NotNull(Assert.Single(now.Relays).Tls);
            Assert.Same(old.Sites, now.Sites);
            Assert.Same(old.Peers, now.Peers);
            Assert.Same(old.Resources, now.Resources);
            Assert.Same(old.Grants, now.Grants);
        }
    }
}
