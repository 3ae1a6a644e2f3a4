using System.Net;
using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Control.Tests;

/// <summary>What holds for every sequence of network files.</summary>
public class ReconciliationLaws
{
    private const int FilesPerRun = 5;

    /// <summary>Runs a law over the steps of many random sequences.</summary>
    private static void ForEachStep(Action<NetworkState, NetworkDescription, NetworkState> law, int runs = 20) =>
        Prop.ForAll<int>(seed =>
        {
            var files = new RandomNetwork(seed);
            var state = NetworkState.Empty;
            for (int i = 0; i < FilesPerRun; i++)
            {
                var description = Samples.Read(files.Next(), state);
                var next = Reconciliation.Reconcile(state, description, Samples.Now, new SeededRandom(seed));
                law(state, description, next);
                state = next;
            }

            return true;
        }).Check(Seeded.Runs(runs));

    [Fact]
    public void Applying_twice_changes_nothing_and_a_plan_is_empty_exactly_then() => ForEachStep((before, description, after) =>
    {
        Assert.Equal(after, Reconciliation.Reconcile(after, description, Samples.Now, new SeededRandom(0)));
        Assert.Equal(before == after, Planner.Compare(before, after).IsEmpty);
        Assert.Equal(before == after ? before.Revision : before.Revision + 1, after.Revision);
    });

    [Fact]
    public void What_is_exported_describes_the_network() => ForEachStep((_, _, after) =>
        Assert.Equal(after, Samples.Apply(after, DescriptionWriter.Write(after))));

    [Fact]
    public void Identifiers_are_never_used_twice_and_stay_with_their_object()
    {
        var owners = new Dictionary<int, (NetworkState Network, string Name)>();
        ForEachStep((before, _, after) =>
        {
            if (before == NetworkState.Empty)
                owners.Clear();
            var all = after.Relays.Select(item => (item.Id, "relay " + item.Name)).Concat(after.Sites.Select(item => (item.Id, "site " + item.Name)))
                .Concat(after.Peers.Select(item => (item.Id, $"{item.Kind} {item.Name}"))).Concat(after.Resources.Select(item => (item.Id, "resource " + item.Name)))
                .Concat(after.Roles.Select(item => (item.Id, "role " + item.Name))).Concat(after.Users.Select(item => (item.Id, "user " + item.Email))).ToList();
            Assert.Equal(all.Count, all.DistinctBy(item => item.Id).Count());
            foreach (var (id, name) in all)
            {
                if (owners.TryGetValue(id, out var owner))
                    Assert.Equal(owner.Name, name);
                owners[id] = (after, name);
            }
        });
    }

    [Fact]
    public void Overlay_addresses_are_disjoint_in_range_and_stay_with_their_object() => ForEachStep((before, description, after) =>
    {
        var prefixes = new List<IPNetwork>();
        foreach (var peer in after.Peers.Where(peer => peer.IsClient))
        {
            Assert.True(Overlay.ClientOffset(peer.Ipv4!) >= 0 && Overlay.ClientOffset(after.OverlayIpv6, peer.Ipv6!) >= 0);
            prefixes.Add(new IPNetwork(peer.Ipv4!, 32));
            prefixes.Add(new IPNetwork(peer.Ipv6!, 128));
            var asked = description.ExternalClients.FirstOrDefault(client => peer.Kind == PeerKind.ExternalClient && client.Name == peer.Name);
            if (asked?.Ipv4 is not null)
                Assert.Equal(asked.Ipv4, peer.Ipv4);
            else if (before.Peers.FirstOrDefault(old => old.Id == peer.Id) is { } old && !description.ExternalClients.Any(other => old.Ipv4!.Equals(other.Ipv4)))
                Assert.Equal((old.Ipv4, old.Ipv6), (peer.Ipv4, peer.Ipv6));
        }

        foreach (var resource in after.Resources)
        {
            int hostBits = resource.Destination.HostBits;
            Assert.Equal(hostBits <= 8 ? 32 - hostBits : null, resource.OverlayIpv4?.PrefixLength);
            Assert.Equal(hostBits <= 64 ? 128 - hostBits : null, resource.OverlayIpv6?.PrefixLength);
            prefixes.AddRange(new[] { resource.OverlayIpv4, resource.OverlayIpv6 }.OfType<IPNetwork>());
            if (before.Resources.FirstOrDefault(old => old.Id == resource.Id) is { } old && old.Destination.HostBits == hostBits)
                Assert.Equal((old.OverlayIpv4, old.OverlayIpv6), (resource.OverlayIpv4, resource.OverlayIpv6));
        }

        for (int i = 0; i < prefixes.Count; i++)
        {
            Assert.True(Overlay.Ipv4.Contains(prefixes[i].BaseAddress) || Overlay.Organisation(after.OverlayIpv6).Contains(prefixes[i].BaseAddress));
            for (int j = 0; j < i; j++)
                Assert.False(Overlay.Overlaps(prefixes[i], prefixes[j]), $"{prefixes[i]} and {prefixes[j]}");
        }
    });

    [Fact]
    [Trait("Promise", "A1")]
    [Trait("Promise", "A3")]
    public void Clients_get_what_was_granted_and_nothing_else() => ForEachStep((_, description, after) =>
    {
        var table = Samples.Compile(after).TableOf(new Agent(AgentKind.Relay, 0));
        var names = after.Resources.ToDictionary(resource => resource.Id, resource => resource.Name);
        foreach (var peer in after.Peers.Where(peer => peer.IsClient))
        {
            bool machine = peer.Kind == PeerKind.Machine;
            var kind = machine ? PrincipalKind.Machine : PrincipalKind.ExternalClient;
            bool expired = description.ExternalClients.Any(client => !machine && client.Name == peer.Name && client.Expires <= Samples.Now);
            var granted = description.Grants.Where(grant => !expired && grant.Kind == kind && grant.Principal == peer.Name).Select(grant => grant.Resource).Order();
            Assert.Equal(granted, (table.Grants.FirstOrDefault(row => row.Client == peer.Id)?.Resources ?? []).Select(id => names[id]).Order());
            Assert.Equal(expired, table.Peers.All(row => row.Id != peer.Id));
        }
    });

    [Fact]
    [Trait("Promise", "D6")]
    public void A_prefix_that_two_sites_claim_for_one_client_is_reached_by_overlay_only() => ForEachStep((_, _, after) =>
    {
        var resources = after.Resources.ToDictionary(resource => resource.Id);
        foreach (var grant in Samples.Compile(after).TableOf(new Agent(AgentKind.Relay, 0)).Grants)
        {
            var expected = grant.Resources.Where(id => resources[id].Destination.Prefix is { } prefix && grant.Resources.Any(other =>
                resources[other].Destination.Prefix is { } claimed && claimed.Equals(prefix) && resources[other].Site != resources[id].Site));
            Assert.Equal(expected.Order(), grant.OverlayOnly.Order());
        }
    });

    [Fact]
    [Trait("Threat", "24")]
    public void Every_agent_gets_its_view_and_no_more_and_deltas_lead_from_one_to_the_next() => ForEachStep((before, _, after) =>
    {
        var from = new CompiledNetwork(before, _ => "old", Samples.Lineage);
        var to = new CompiledNetwork(after, peer => $"psk {peer.Id}", Samples.Lineage);
        foreach (var agent in from.Agents.Union(to.Agents).ToList())
        {
            var old = from.TableOf(agent);
            var next = to.TableOf(agent);
            AssertSameRows(next, old.Apply(TableDelta.Between(old, next))!);
            if (agent.Kind == AgentKind.Connector && to.Exists(agent))
                AssertOwnSiteOnly(next, agent.Id);
        }
    });

    private static void AssertOwnSiteOnly(Table table, int connector)
    {
        int site = Assert.Single(table.Sites).Id;
        Assert.Contains(table.Peers, peer => peer.Id == connector && peer.Site == site);
        Assert.All(table.Resources, resource => Assert.Equal(site, resource.Site));
        var resources = table.Resources.Select(resource => resource.Id).ToHashSet();
        Assert.All(table.Grants, grant => Assert.True(grant.Resources.Count != 0 && grant.Resources.All(resources.Contains) && grant.OverlayOnly.All(grant.Resources.Contains)));
        Assert.All(table.Peers, peer => Assert.True(peer.Site == site || table.Grants.Any(grant => grant.Client == peer.Id)));
        Assert.All(table.Peers, peer => Assert.Null(peer.PresharedKey));
    }

    private static void AssertSameRows(Table expected, Table actual)
    {
        Assert.Equal((expected.Revision, expected.Organisation), (actual.Revision, actual.Organisation));
        Assert.Equal(expected.Overlay, actual.Overlay);
        Assert.Equal(expected.Relays.OrderBy(row => row.Id), actual.Relays.OrderBy(row => row.Id));
        Assert.Equal(expected.Sites.OrderBy(row => row.Id), actual.Sites.OrderBy(row => row.Id));
        Assert.Equal(expected.Peers.OrderBy(row => row.Id), actual.Peers.OrderBy(row => row.Id));
        Assert.Equal(expected.Resources.OrderBy(row => row.Id), actual.Resources.OrderBy(row => row.Id));
        Assert.Equal(expected.Grants.OrderBy(row => row.Client), actual.Grants.OrderBy(row => row.Client));
    }
}
