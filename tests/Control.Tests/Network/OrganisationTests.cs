using Dapper;

namespace Keyhole.Control.Tests;

public sealed class OrganisationTests
{
    private static string Named(string organisation) => Samples.Acme.Replace("org: acme", $"org: {organisation}", StringComparison.Ordinal);

    [Fact]
    [Trait("Promise", "A5")]
    [Trait("Threat", "24")]
    public async Task Two_organisations_on_one_server_share_nothing()
    {
        var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var answer = await control.ApplyAsync(Named("globex").Replace("192.168.1.20", "192.168.1.21", StringComparison.Ordinal));
        Assert.Equal((true, 1L), (answer.Applied, answer.Revision));
        using var acme = new OperatorClient(DataDirectory.Open(control.Directory), "acme");
        using var globex = new OperatorClient(DataDirectory.Open(control.Directory), "Globex");
        var mine = await CredentialAsync(acme);
        var theirs = await CredentialAsync(globex);
        using var one = await AgentAsync(control, mine);
        using var other = await AgentAsync(control, theirs);
        Assert.Equal(("acme", "192.168.1.20"), (one.Table!.Organisation, Assert.Single(one.Table.Resources).Destination));
        Assert.Equal(("globex", "192.168.1.21"), (other.Table!.Organisation, Assert.Single(other.Table.Resources).Destination));
        Assert.DoesNotContain(one.Table.Overlay.Intersect(other.Table.Overlay), prefix => prefix.StartsWith("fd", StringComparison.Ordinal));

        // The same names and numbers in both: a change, a key and a new secret stay where they belong.
        await control.ApplyAsync(Samples.Acme.Replace("icmp: true", "icmp: false", StringComparison.Ordinal));
        Assert.IsType<DeltaMessage>(await one.ReadTableAsync());
        await CredentialAsync(acme);
        Assert.Equal(RefusalReason.Revoked, (await one.ReadRefusalAsync()).Reason);
        await other.AckAsync();
        var status = await globex.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer);
        Assert.Equal(("globex", other.PublicKey), (status.Organisation, status.Agents.Single(agent => agent.Kind == "relay").PublicKey));
        Assert.True(status.Agents.Single(agent => agent.Kind == "relay").Link.Connected);
        Assert.DoesNotContain(one.PublicKey, await Text(globex), StringComparison.Ordinal);

        var unclear = await Assert.ThrowsAsync<OperatorException>(control.StatusAsync);
        Assert.Equal("this server holds 2 organisations: name one by --org, like --org acme", unclear.Message);
        using var nobody = new OperatorClient(DataDirectory.Open(control.Directory), "acmee");
        Assert.Contains("did you mean \"acme\"?", (await Assert.ThrowsAsync<OperatorException>(() => CredentialAsync(nobody))).Message, StringComparison.Ordinal);

        await control.StopAsync();
        await using var again = await RunningControl.StartAsync(control.Directory);
        // Acme's key went with the secret.
        Assert.Equal([("acme", 4L), ("globex", 2L)], again.Server.Networks.All.Select(network => (network.Name, network.Ledger.State.Revision)));
    }

    [Fact]
    public async Task An_organisation_begins_with_the_fixed_roles_and_its_name_is_taken_once()
    {
        await using var control = await RunningControl.StartAsync();
        var network = control.Server.Networks.Create("acme", Actor.Operator);
        Assert.Equal(["owner", "admin", "member"], network.Ledger.State.Roles.Select(role => role.Name));
        Assert.Equal(Permissions.All, network.Ledger.State.Roles[0].Permissions);
        Assert.Equal("version: 1\norg: acme\n", DescriptionWriter.Write(network.Ledger.State));
        Assert.Throws<OperatorException>(() => control.Server.Networks.Create("ACME", Actor.Operator));
        Assert.Throws<OperatorException>(() => control.Server.Networks.Create("a b", Actor.Operator));
        Assert.Single(control.Server.Networks.All);
        Assert.Equal(12 - 1, (await control.ApplyAsync(Samples.Acme)).Plan!.Count('+'));
    }

    [Fact]
    public async Task What_is_written_alongside_a_change_is_there_with_it_or_not_at_all()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var store = control.Server.Networks.Store;
        store.Database.Write((connection, transaction) => { connection.Execute("CREATE TABLE used (what TEXT NOT NULL)", transaction: transaction); });
        NetworkState Drain(NetworkState state) => Transitions.Drain(state, new Agent(AgentKind.Connector, state.FindPeer(PeerKind.Connector, "office-1")!.Id), true);
        long Count() => store.Database.Read(connection => connection.QuerySingle<long>("SELECT count(*) FROM used"));
        var audit = new AuditEntry(new Actor("user ann@example.com", "198.51.100.7"), "drain", "connector office-1");
        Assert.Throws<OperatorException>(() => control.Ledger.Change(Drain, (_, _) => audit, (connection, transaction) =>
        {
            connection.Execute("INSERT INTO used VALUES ('once')", transaction: transaction);
            throw new OperatorException("used up");
        }));
        Assert.Equal((0L, 1L), (Count(), control.Ledger.State.Revision));
        control.Ledger.Change(Drain, (_, _) => audit, (connection, transaction) => connection.Execute("INSERT INTO used VALUES ('once')", transaction: transaction));
        Assert.Equal((1L, 2L), (Count(), control.Ledger.State.Revision));
        Assert.Equal(("user ann@example.com", "198.51.100.7"), store.Database.Read(connection => AuditLog.Read(connection, null, null, 1).Select(row => (row.Actor, row.Address)).Single()));
    }

    [Fact]
    [Trait("Threat", "28")]
    public void The_last_owner_stays()
    {
        string Owned(string roles) => Samples.Acme.Replace("roles: [staff] }", $"roles: [{roles}] }}", StringComparison.Ordinal);
        var state = Samples.Apply(NetworkState.Empty, Owned("staff, owner"));
        var alice = state.FindUser("alice@example.com")!;
        Assert.True(state.May(alice, Permissions.OwnersWrite));
        FixedRoles.CheckOwners(state, state);
        FixedRoles.CheckOwners(Samples.AcmeNetwork(), Samples.AcmeNetwork());
        Assert.Equal("alice@example.com is the last owner of acme: give another user the role \"owner\" first",
            Assert.Throws<OperatorException>(() => FixedRoles.CheckOwners(state, Samples.Apply(state, Owned("staff")))).Message);
        Assert.Throws<OperatorException>(() => FixedRoles.CheckOwners(state, state with { Users = [alice with { Disabled = true }] }));
        FixedRoles.CheckOwners(state, state with { Users = [alice with { Disabled = true }, new User(99, "bob@example.com", alice.Roles)] });
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task Two_secrets_of_one_machine_are_good_at_once_until_the_old_one_has_run_out()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var old = await control.CredentialAsync(AgentKind.Machine, "ci");
        var agent = control.Ledger.State.Credentials.Single().Agent;
        string secret = AgentSecret.NewSecret();
        var next = new CredentialAnswer(AgentSecret.NewId(AgentKind.Machine), secret);
        void Rotate(TimeSpan overlap) => control.Ledger.Change(
            state => Transitions.Rotate(state, new Credential(next.Id, agent, AgentSecret.Hash(next.Id, secret), Samples.Now), DateTimeOffset.UtcNow + overlap),
            (_, _) => new AuditEntry(Actor.Operator, "rotate-credential", "machine ci"));

        Rotate(TimeSpan.FromHours(1));
        using (await TestAgent.ConnectAsync(control.Address, old, AgentKind.Machine))
        using (var machine = await TestAgent.ConnectAsync(control.Address, next, AgentKind.Machine))
        {
            await machine.HelloAsync();
            await machine.ReadTableAsync();
        }

        using var late = await TestAgent.ConnectAsync(control.Address, old, AgentKind.Machine);
        await late.HelloAsync();
        await late.ReadTableAsync();
        Rotate(TimeSpan.Zero);
        Assert.Equal(RefusalReason.Revoked, (await late.ReadRefusalAsync()).Reason);
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => TestAgent.ConnectAsync(control.Address, old, AgentKind.Machine));
        (await TestAgent.ConnectAsync(control.Address, next, AgentKind.Machine)).Dispose();
    }

    private static Task<CredentialAnswer> CredentialAsync(OperatorClient client) => client.PostAsync(
        OperatorRoutes.Credentials, new CredentialRequest(AgentKind.Relay, "vps"), OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer);

    private static async Task<TestAgent> AgentAsync(RunningControl control, CredentialAnswer credential)
    {
        var agent = await TestAgent.ConnectAsync(control.Address, credential, AgentKind.Relay);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        return agent;
    }

    private static async Task<string> Text(OperatorClient client) =>
        System.Text.Json.JsonSerializer.Serialize(await client.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer), OperatorJson.Readable.StatusAnswer);
}
