using System.Diagnostics;
using System.Net.WebSockets;

namespace Keyhole.Control.Tests;

public class AgentLinkTests
{
    private static string Without(string text, string line) => text.Replace(line, "", StringComparison.Ordinal);

    private const string GrantLine = "  - { resource: web, roles: [staff], users: [], machines: [ci], external-clients: [phone] }\n";

    private static string Ungranted => Without(Samples.Acme, GrantLine).Replace("grants:\n", "", StringComparison.Ordinal);

    [Fact]
    public async Task An_agent_gets_a_snapshot_and_then_what_changes()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        Assert.Equal(["phone", "ci", "office-1"], relay.Table!.Peers.OrderByDescending(peer => peer.Kind).Select(peer => peer.Name));
        Assert.Equal(relay.PublicKey, Assert.Single(relay.Table.Relays).PublicKey);
        Assert.Equal(relay.Id, relay.Table.Relays[0].Id);
        Assert.Equal(2, relay.Table.Grants.Count);
        await relay.AckAsync();

        var applying = control.ApplyAsync(Samples.Acme.Replace("tcp: \"80,443,8000-8100\"", "tcp: \"443\"", StringComparison.Ordinal));
        var delta = Assert.IsType<DeltaMessage>(await relay.ReadTableAsync()).Delta;
        Assert.Equal("web", Assert.Single(delta.Upserts!.Resources).Name);
        Assert.Empty(delta.Upserts.Peers);
        await relay.AckAsync();
        var answer = await applying;
        Assert.Equal("relay vps", Assert.Single(answer.Enforcement.Enforced).Agent);
        Assert.Equal(new NotEnforcedBy("connector office-1", "not connected"), Assert.Single(answer.Enforcement.Missing));
        Assert.True(answer.Applied);
        Assert.Equal(control.Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, relay.Id)), relay.Table);
    }

    [Fact]
    public async Task A_connector_sees_its_own_site_and_no_preshared_key()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync("""
            version: 1
            org: acme
            relays: [{ name: vps, endpoint: "203.0.113.10:21820", gateway: true }]
            sites:
              - { name: office, connectors: [office-1] }
              - { name: plant, connectors: [plant-1] }
            resources:
              - { name: web, site: office, destination: 192.168.1.20, tcp: "80" }
              - { name: plc, site: plant, destination: 192.168.1.20, tcp: "502" }
            external-clients: [{ name: phone }, { name: tablet }]
            grants:
              - { resource: web, external-clients: [phone] }
              - { resource: plc, external-clients: [phone, tablet] }
            """);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        await control.ConfigAsync("phone");
        using var connector = await control.AgentAsync(AgentKind.Connector, "office-1");
        var table = connector.Table!;
        Assert.Equal("office", Assert.Single(table.Sites).Name);
        Assert.Equal("web", Assert.Single(table.Resources).Name);
        Assert.Equal(["office-1", "phone"], table.Peers.Select(peer => peer.Name).Order());
        Assert.All(table.Peers, peer => Assert.Null(peer.PresharedKey));
        var grant = Assert.Single(table.Grants);
        Assert.Equal([table.Resources[0].Id], grant.Resources);
        Assert.Equal([table.Resources[0].Id], grant.OverlayOnly);
        Assert.Equal(relay.PublicKey, Assert.Single(table.Relays).PublicKey);
    }

    [Fact]
    [Trait("Threat", "13")]
    public async Task A_revocation_says_who_enforced_it_when_and_who_did_not()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await control.AgentAsync(AgentKind.Connector, "office-1");
        await relay.ReadTableAsync();
        await relay.AckAsync();
        await connector.AckAsync();

        var revoking = control.ApplyAsync(Ungranted);
        await connector.ReadTableAsync();
        Assert.Empty(connector.Table!.Grants);
        await connector.AckAsync(flowsCut: 3);
        var answer = await revoking;
        var enforced = Assert.Single(answer.Enforcement.Enforced);
        Assert.Equal(("connector office-1", 3), (enforced.Agent, enforced.FlowsCut));
        Assert.InRange(enforced.Milliseconds, 0, 10_000);
        Assert.Equal(new NotEnforcedBy("relay vps", "no answer yet"), Assert.Single(answer.Enforcement.Missing));
        Assert.Contains(answer.Plan!.Access, change => change.Client == "phone" && change.Loses.SequenceEqual(["web"]));
        await control.Log.FindAsync("Information", "revokes web from alice@example.com, ci, phone");
        await control.Log.FindAsync("Information", "connector office-1 enforced the revocation of web from alice@example.com, ci, phone", "3 flows cut");
        await control.Log.FindAsync("Warning", "relay vps (no answer yet) did not confirm the revocation");

        await relay.ReadTableAsync();
        await relay.AckAsync();
        await control.Log.FindAsync("relay vps enforced the revocation");
        await control.Log.FindAsync("is enforced everywhere");
    }

    [Fact]
    public async Task Reconnecting_costs_nothing_a_delta_or_a_snapshot()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var credential = await control.CredentialAsync(AgentKind.Relay, "vps");
        using var first = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay);
        await first.HelloAsync();
        Assert.IsType<SnapshotMessage>(await first.ReadTableAsync());
        await first.AckAsync();
        await WaitForAckAsync(control, "vps", first.Table!.Revision);
        await first.CloseAsync();

        using var second = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, first.PublicKey);
        await second.HelloAsync(first.Table.Revision);
        Assert.Equal(new CurrentMessage(first.Table.Revision), await second.ReadAsync());
        await second.CloseAsync();
        // The server answers the end of a connection before it forgets it.
        await LinkAsync(control, "vps", "is still connected", link => !link.Connected);

        // It comes again with nothing: what it was sent last it does not follow until it says so.
        using (var empty = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, first.PublicKey))
        {
            await empty.HelloAsync();
            Assert.IsType<SnapshotMessage>(await empty.ReadTableAsync());
            var link = (await control.StatusAsync()).Agents.Single(agent => agent.Name == "vps").Link;
            Assert.Equal((true, false, null), (link.Connected, link.UpToDate, link.AckedRevision));
            await empty.AckAsync();
            await WaitForAckAsync(control, "vps", first.Table.Revision);
            await empty.CloseAsync();
            await LinkAsync(control, "vps", "is still connected", link => !link.Connected);
        }

        await control.ApplyAsync(Ungranted);
        using var third = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, first.PublicKey);
        await third.HelloAsync(first.Table.Revision);
        var delta = Assert.IsType<DeltaMessage>(await third.ReadAsync()).Delta;
        Assert.Equal(control.Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, first.Id)), first.Table.Apply(delta));
        await third.HelloAsync(0);
        Assert.IsType<SnapshotMessage>(await third.ReadAsync());

        using var stranger = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, first.PublicKey);
        await stranger.HelloAsync(77);
        Assert.IsType<SnapshotMessage>(await stranger.ReadAsync());
        Assert.Equal(RefusalReason.Replaced, (await third.ReadRefusalAsync()).Reason);
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task A_rotated_secret_ends_the_connection_and_is_refused_from_then_on()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var old = await control.CredentialAsync(AgentKind.Connector, "office-1");
        using var agent = await TestAgent.ConnectAsync(control.Address, old, AgentKind.Connector);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        var fresh = await control.CredentialAsync(AgentKind.Connector, "office-1");
        Assert.Equal(old.Id, fresh.Id);
        Assert.NotEqual(old.Secret, fresh.Secret);
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => TestAgent.ConnectAsync(control.Address, old, AgentKind.Connector));
        Assert.Contains("401", refused.Message, StringComparison.Ordinal);
        using var again = await TestAgent.ConnectAsync(control.Address, fresh, AgentKind.Connector, agent.PublicKey);
        await again.HelloAsync();
        await again.ReadTableAsync();
        Assert.DoesNotContain(control.Log.Lines, line => line.Contains(old.Secret, StringComparison.Ordinal) || line.Contains(fresh.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_agent_that_leaves_the_network_is_told_so()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var agent = await control.AgentAsync(AgentKind.Connector, "office-1");
        await control.ApplyAsync(Samples.Acme.Replace(", connectors: [office-1]", "", StringComparison.Ordinal));
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        Assert.DoesNotContain((await control.StatusAsync()).Agents, status => status.Kind == "connector");
    }

    [Fact]
    [Trait("Threat", "4")]
    public async Task The_first_key_is_bound_another_replaces_it_and_a_foreign_one_is_refused()
    {
        var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        var credential = await control.CredentialAsync(AgentKind.Connector, "office-1");
        using var connector = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Connector);
        await connector.HelloAsync();
        await connector.ReadTableAsync();
        await relay.ReadTableAsync();
        Assert.Equal(connector.PublicKey, relay.Table!.Peers.Single(peer => peer.Name == "office-1").PublicKey);
        await control.Log.FindAsync("connector office-1 told its first public key", connector.PublicKey);

        using var moved = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Connector);
        await moved.HelloAsync();
        await moved.ReadTableAsync();
        await relay.ReadTableAsync();
        Assert.Equal(moved.PublicKey, relay.Table!.Peers.Single(peer => peer.Name == "office-1").PublicKey);
        await control.Log.FindAsync("Warning", "connector office-1 has the new public key", moved.PublicKey, connector.PublicKey);

        using var thief = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Connector, relay.PublicKey);
        await thief.HelloAsync();
        var refusal = await thief.ReadRefusalAsync();
        Assert.Equal(RefusalReason.Message, refusal.Reason);
        Assert.Contains("belongs to another", refusal.Text, StringComparison.Ordinal);
        await control.StopAsync();
        using (var store = NetworkStore.Open(DataDirectory.Open(control.Directory), TimeProvider.System))
        {
            var audit = store.Database.Read(connection => AuditLog.ReadAll(connection).ToList());
            Assert.Equal(
                [
                    ("operator", "apply"), ("operator", "rotate-credential"), ("relay vps", "report-key"), ("operator", "rotate-credential"),
                    ("connector office-1", "report-key"), ("connector office-1", "report-key"),
                ],
                audit.Select(entry => (entry.Actor, entry.Action)));
            Assert.Equal(("127.0.0.1", connector.PublicKey, moved.PublicKey), (audit[^1].Address, audit[^1].Before, audit[^1].After));
        }

        Directory.Delete(control.Directory, recursive: true);
    }

    [Fact]
    public async Task What_is_not_understood_ends_the_connection_with_a_reason()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var credential = await control.CredentialAsync(AgentKind.Relay, "vps");
        async Task<RefusalReason> RefusalOf(Func<TestAgent, Task> say, AgentKind kind = AgentKind.Relay)
        {
            using var agent = await TestAgent.ConnectAsync(control.Address, credential, kind);
            await say(agent);
            return (await agent.ReadRefusalAsync()).Reason;
        }

        Assert.Equal(RefusalReason.Kind, await RefusalOf(agent => agent.HelloAsync(), AgentKind.Connector));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendAsync(new AckMessage(1, 0, 0))));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendAsync(new HelloMessage(AgentKind.Relay, "short", "1", 0))));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendAsync(new HelloMessage(AgentKind.Relay, TestAgent.NewPublicKey(), "1", -1))));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendRawAsync("{}"u8.ToArray(), WebSocketMessageType.Text)));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendRawAsync([1, 2, 3], WebSocketMessageType.Binary)));
        Assert.Equal(RefusalReason.Message, await RefusalOf(agent => agent.SendRawAsync(new byte[AgentWire.MaximumAgentMessageLength + 1], WebSocketMessageType.Text)));
    }

    [Fact]
    public async Task An_agent_that_says_hello_again_goes_on_from_the_table_that_it_holds()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        await relay.AckAsync();
        await WaitForAckAsync(control, "vps", relay.Table!.Revision);

        // Nothing is new: it is answered all the same.
        for (int round = 0; round < 2; round++)
        {
            await relay.HelloAsync(relay.Table.Revision);
            Assert.Equal(relay.Table.Revision, Assert.IsType<CurrentMessage>(await relay.ReadAsync()).Revision);
        }

        await relay.SendAsync(new HelloMessage(AgentKind.Relay, relay.PublicKey, "1", relay.Table.Revision, new TlsOffer(8443, null)));
        Assert.IsType<DeltaMessage>(await relay.ReadTableAsync());
        Assert.NotNull(relay.Table.Relays[0].Tls);
        await control.ApplyAsync(Ungranted);
        Assert.IsType<DeltaMessage>(await relay.ReadTableAsync());

        // What it has not confirmed it may not hold.
        await relay.SendAsync(new HelloMessage(AgentKind.Relay, relay.PublicKey, "1", relay.Table.Revision, new TlsOffer(8443, null)));
        Assert.IsType<SnapshotMessage>(await relay.ReadTableAsync());
    }

    [Fact]
    public async Task How_a_relay_is_reached_by_TLS_comes_from_the_relay_and_where_from_the_description_if_it_says_so()
    {
        string pin = TestAgent.NewPublicKey();
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var credential = await control.CredentialAsync(AgentKind.Relay, "vps");
        using var connector = await control.AgentAsync(AgentKind.Connector, "office-1");
        Assert.Null(Assert.Single(connector.Table!.Relays).Tls);

        using var relay = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay);
        await relay.SendAsync(new HelloMessage(AgentKind.Relay, relay.PublicKey, "1", 0, new TlsOffer(8443, pin)));
        await ReadUntilAsync(connector, table => table.Relays[0].Tls is not null);
        Assert.Equal(new RelayTls(["203.0.113.10:8443"], pin), connector.Table!.Relays[0].Tls);

        await control.ApplyAsync(Samples.Acme.Replace("gateway: true", "gateway: true, tls-endpoint: [\"relay.example.com:443\", \"[2001:db8::1]:443\"]", StringComparison.Ordinal));
        await ReadUntilAsync(connector, table => table.Relays[0].Tls!.Endpoints.Count == 2);
        Assert.Equal(new RelayTls(["relay.example.com:443", "[2001:db8::1]:443"], pin), connector.Table!.Relays[0].Tls);

        using var without = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, relay.PublicKey);
        await without.HelloAsync();
        await ReadUntilAsync(connector, table => table.Relays[0].Tls is null);

        foreach (var wrong in new[] { new TlsOffer(0, pin), new TlsOffer(65_536, pin), new TlsOffer(443, "short") })
        {
            using var liar = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay, relay.PublicKey);
            await liar.SendAsync(new HelloMessage(AgentKind.Relay, relay.PublicKey, "1", 0, wrong));
            Assert.Equal(RefusalReason.Message, (await liar.ReadRefusalAsync()).Reason);
        }
    }

    private static async Task ReadUntilAsync(TestAgent agent, Func<Table, bool> condition)
    {
        while (!condition(agent.Table!))
            await agent.ReadTableAsync();
    }

    [Fact]
    public async Task A_draining_connector_is_seen_by_the_relay_also_after_a_restart_of_Control()
    {
        string directory = RunningControl.NewDirectory();
        var control = await RunningControl.StartAsync(directory);
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await control.AgentAsync(AgentKind.Connector, "office-1");
        await relay.ReadTableAsync();
        await connector.SendAsync(new StatusMessage(Draining: true, Flows: 4, []));
        await relay.ReadTableAsync();
        Assert.True(relay.Table!.Peers.Single(peer => peer.Name == "office-1").Draining);
        Assert.Equal(4, (await control.StatusAsync()).Agents.Single(agent => agent.Name == "office-1").Link.Path!.Flows);
        long revision = relay.Table.Revision;
        await control.StopAsync();

        await using var again = await RunningControl.StartAsync(directory);
        Assert.Equal(revision, again.Ledger.State.Revision);
        Assert.True(again.Ledger.Compiled.IsDraining(new Agent(AgentKind.Connector, connector.Id)));
    }

    [Fact]
    public async Task An_agent_that_changes_the_network_all_the_time_does_so_once_a_second()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var connector = await control.AgentAsync(AgentKind.Connector, "office-1");
        for (int i = 0; i < 3; i++)
            await connector.SendAsync(new StatusMessage(Draining: i % 2 == 0, Flows: 0, []));
        IReadOnlyList<AuditRow> rows = [];
        for (int tries = 0; tries < 300 && rows.Count < 3; tries++)
        {
            await Task.Delay(100);
            rows = [.. control.Server.Networks.Store.Database.Read(connection => AuditLog.Read(connection, null, null, 100)).Where(row => row.Action is "drain")];
        }

        Assert.Equal(3, rows.Count);
        Assert.True(control.Ledger.Compiled.IsDraining(new Agent(AgentKind.Connector, control.Ledger.State.FindPeer(PeerKind.Connector, "office-1")!.Id)));
        // Two pauses of a second, less what the first change took on a busy machine; without them it is milliseconds.
        Assert.True(rows[0].At - rows[^1].At >= TimeSpan.FromSeconds(1), $"{rows[0].At - rows[^1].At}");
    }

    [Fact]
    public async Task A_stop_lets_agents_go_without_blame_and_a_restart_gives_them_a_snapshot()
    {
        string directory = RunningControl.NewDirectory();
        var control = await RunningControl.StartAsync(directory);
        await control.ApplyAsync(Samples.Acme);
        var credential = await control.CredentialAsync(AgentKind.Relay, "vps");
        using var agent = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        await agent.AckAsync();
        var reading = agent.ReadAsync();
        await control.StopAsync();
        Assert.Null(await reading);

        await using var again = await RunningControl.StartAsync(directory);
        using var returned = await TestAgent.ConnectAsync(again.Address, credential, AgentKind.Relay, agent.PublicKey);
        await returned.HelloAsync(agent.Table!.Revision);
        Assert.IsType<SnapshotMessage>(await returned.ReadTableAsync());
        Assert.Equal(agent.Table, returned.Table);
    }

    [Fact]
    public async Task Many_changes_at_once_end_in_the_newest_table()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        var applying = Enumerable.Range(1, 20).Select(i =>
            control.ApplyAsync(Samples.Acme.Replace("tcp: \"80,443,8000-8100\"", $"tcp: \"{i}\"", StringComparison.Ordinal))).ToList();
        long last;
        do
        {
            await relay.ReadTableAsync();
            await relay.AckAsync();
            last = control.Ledger.State.Revision;
        }
        while (relay.Table!.Revision < last || applying.Any(task => !task.IsCompleted && relay.Table.Revision < 22));
        await Task.WhenAll(applying);
        Assert.Equal(22, control.Ledger.State.Revision);
        Assert.Equal(control.Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, relay.Id)), relay.Table);
        await WaitForAckAsync(control, "vps", 22);
    }

    [Fact]
    public async Task A_client_whose_time_is_over_leaves_the_tables_by_itself()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        using var relay = await control.AgentAsync(AgentKind.Relay, "vps");
        int phone = relay.Table!.Peers.Single(peer => peer.Name == "phone").Id;
        string expires = TimeSyntax.Format(DateTimeOffset.UtcNow.AddSeconds(3));
        await control.ApplyAsync(Samples.Acme.Replace("{ name: phone }", $"{{ name: phone, expires: \"{expires}\" }}", StringComparison.Ordinal));
        var delta = Assert.IsType<DeltaMessage>(await relay.ReadTableAsync()).Delta;
        Assert.Equal([phone], delta.Removals!.Peers);
        Assert.Equal([phone], delta.Removals.Grants);
        await control.Log.FindAsync("phone expired");
        await control.Log.FindAsync("revokes web from phone");
        var refused = await Assert.ThrowsAsync<OperatorException>(() => control.ConfigAsync("phone"));
        Assert.Contains("expired at", refused.Message, StringComparison.Ordinal);
    }

    private static async Task WaitForAckAsync(RunningControl control, string name, long revision)
    {
        await LinkAsync(control, name, $"never confirmed revision {revision}", link => link.AckedRevision == revision && link.UpToDate);
    }

    private static async Task LinkAsync(RunningControl control, string name, string otherwise, Func<AgentStatus, bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition((await control.StatusAsync()).Agents.Single(agent => agent.Name == name).Link))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{name} {otherwise}.");
            await Task.Delay(10);
        }
    }
}
