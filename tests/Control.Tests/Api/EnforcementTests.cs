using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>An answer to a change says how far the change is in force, and nothing better.</summary>
public class EnforcementTests
{
    /// <summary>Reads tables until one is as expected: the keys that agents tell are changes of their own.</summary>
    private static async Task UntilAsync(TestAgent agent, Func<Table, bool> expected)
    {
        while (agent.Table is not { } table || !expected(table))
            await agent.ReadTableAsync();
    }

    private static string Status(ApiAnswer answer) => answer.Json.GetProperty("enforcement").GetProperty("status").GetString()!;

    [Fact]
    [Trait("Threat", "22")]
    public async Task A_revocation_is_called_enforced_when_relay_and_connectors_have_confirmed_it_and_pending_before()
    {
        await using var server = await ApiServer.StartAsync();
        Assert.Equal("pending", Status((await server.DeleteAsync(ApiServer.Owner, "/grants/web/machine/ci")).Expect(HttpStatusCode.OK)));
        using var relay = await server.Control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await server.Control.AgentAsync(AgentKind.Connector, "office-1");
        var removing = server.DeleteAsync(ApiServer.Owner, "/grants/web/external-client/phone");
        foreach (var agent in new[] { relay, connector })
        {
            await UntilAsync(agent, table => table.Grants.Count == 0);
            await agent.AckAsync();
        }

        var answer = (await removing).Expect(HttpStatusCode.OK);
        Assert.Equal("enforced", Status(answer));
        Assert.Equal(["connector office-1", "relay vps"], answer.Json.GetProperty("enforcement").GetProperty("enforced").EnumerateArray().Select(agent => agent.GetProperty("agent").GetString()).Order());
        // Nobody but Control has to know a role of no grant.
        Assert.Equal("none", Status((await server.PostAsync(ApiServer.Owner, "/roles", """{"name":"quiet"}""")).Expect(HttpStatusCode.Created)));
    }

    [Fact]
    [Trait("Promise", "A8")]
    public async Task A_secret_is_replaced_with_or_without_overlap_and_one_that_is_revoked_takes_the_machine_out_of_every_table()
    {
        await using var server = await ApiServer.StartAsync();
        async Task<CredentialAnswer> RotateAsync(string json)
        {
            var made = (await server.PostAsync(ApiServer.Owner, "/machines/ci/credentials", json)).Expect(HttpStatusCode.Created).Json;
            return new CredentialAnswer(made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
        }

        async Task<bool> IsGoodAsync(CredentialAnswer credential)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Control.Address, AgentWire.Path));
            request.Headers.Add(AgentWire.IdHeader, credential.Id);
            request.Headers.Add(AgentWire.SecretHeader, credential.Secret);
            return (await server.SendAsync(request)).Status == HttpStatusCode.UpgradeRequired;
        }

        var first = await RotateAsync("{}");
        var second = await RotateAsync("""{"overlapSeconds":3600}""");
        Assert.Equal((true, true), (await IsGoodAsync(first), await IsGoodAsync(second)));
        var third = await RotateAsync("{}");
        Assert.Equal((false, false, true), (await IsGoodAsync(first), await IsGoodAsync(second), await IsGoodAsync(third)));

        // What the relay is told of the machine: its key goes with the secret, whoever told it.
        string? Key() => server.Network.Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, server.Network.Ledger.State.Relays[0].Id)).Peers.Single(peer => peer.Name == "ci").PublicKey;
        using var agent = await TestAgent.ConnectAsync(server.Control.Address, third, AgentKind.Machine);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        Assert.Equal(agent.PublicKey, Key());
        (await server.DeleteAsync(ApiServer.Owner, "/machines/ci/credentials")).Expect(HttpStatusCode.OK);
        Assert.Null(Key());
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        Assert.False(await IsGoodAsync(third));
        var fourth = await RotateAsync("{}");
        Assert.True(await IsGoodAsync(fourth));
        using var thief = await TestAgent.ConnectAsync(server.Control.Address, fourth, AgentKind.Machine);
        await thief.HelloAsync();
        await thief.ReadTableAsync();
        Assert.Equal(thief.PublicKey, Key());
        await RotateAsync("""{"overlapSeconds":3600}""");
        Assert.Equal(thief.PublicKey, Key());
        await RotateAsync("{}");
        Assert.Null(Key());

        // To be let in is another matter: a new secret is no approval.
        (await server.PatchAsync(ApiServer.Owner, "/machines/ci", """{"approved":false}""")).Expect(HttpStatusCode.OK);
        await RotateAsync("{}");
        Assert.False((await server.GetAsync(ApiServer.Owner, "/machines/ci")).Json.GetProperty("approved").GetBoolean());
    }

    [Fact]
    [Trait("Threat", "13")]
    public async Task A_relay_without_a_secret_is_nobody_s_relay_until_it_logs_in_anew()
    {
        await using var server = await ApiServer.StartAsync();
        using var relay = await server.Control.AgentAsync(AgentKind.Relay, "vps");
        using var connector = await server.Control.AgentAsync(AgentKind.Connector, "office-1");
        await UntilAsync(connector, table => table.Relays is [{ PublicKey: not null }]);
        var revoking = server.DeleteAsync(ApiServer.Owner, "/relays/vps/credentials");
        await UntilAsync(connector, table => table.Relays is [{ PublicKey: null }]);
        await connector.AckAsync();
        var answer = (await revoking).Expect(HttpStatusCode.OK);
        Assert.Contains("connector office-1", answer.Json.GetProperty("enforcement").GetProperty("enforced").ToString(), StringComparison.Ordinal);
        Assert.Equal(RefusalReason.Revoked, (await relay.ReadRefusalAsync()).Reason);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_device_reaches_what_its_user_may_reach_while_it_is_approved_and_its_user_logged_in()
    {
        await using var server = await ApiServer.StartAsync();
        const string Key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
        string session = server.Sessions.Begin(ApiServer.Member);
        (await server.PatchAsync(ApiServer.Owner, ApiServer.Acme, """{"deviceApproval":true}""")).Expect(HttpStatusCode.OK);
        var made = (await server.SendWithTokenAsync(session, HttpMethod.Post, "/devices", $$"""{"name":"laptop","publicKey":"{{Key}}"}""")).Expect(HttpStatusCode.Created).Json;
        Assert.Equal("pending", made.GetProperty("state").GetString());
        using var agent = await TestAgent.ConnectAsync(server.Control.Address, new CredentialAnswer(made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!), AgentKind.Device, Key);
        await agent.HelloAsync();
        await UntilAsync(agent, table => table.Resources.Count == 0);
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/approve")).Expect(HttpStatusCode.OK);
        await UntilAsync(agent, table => table.Resources is [{ Name: "web" }]);
        var me = (await server.SendWithTokenAsync(session, HttpMethod.Get, "/me")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(("laptop", "web"), (me.GetProperty("devices")[0].GetProperty("name").GetString(), me.GetProperty("resources")[0].GetProperty("name").GetString()));
        (await server.DeleteAsync(ApiServer.Admin, "/me/devices/laptop")).Expect(HttpStatusCode.NotFound);

        // Another login of the same device takes over; a key of somebody else is nobody's to enrol.
        var again = (await server.PostAsync(ApiServer.Member, "/devices", $$"""{"name":"laptop","publicKey":"{{Key}}"}""")).Expect(HttpStatusCode.Created).Json;
        Assert.NotEqual(made.GetProperty("id").GetString(), again.GetProperty("id").GetString());
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        (await server.PostAsync(ApiServer.Admin, "/devices", $$"""{"name":"other","publicKey":"{{Key}}"}""")).Expect(HttpStatusCode.Conflict);
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/archive")).Expect(HttpStatusCode.OK);
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/approve")).Expect(HttpStatusCode.Conflict);
        (await server.DeleteAsync(ApiServer.Member, "/me/devices/laptop")).Expect(HttpStatusCode.Forbidden);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_blocked_device_does_not_let_itself_in_again()
    {
        await using var server = await ApiServer.StartAsync();
        async Task<ApiAnswer> EnrolAsync(string name, string key) => (await server.PostAsync(ApiServer.Member, "/devices", $$"""{"name":"{{name}}","publicKey":"{{key}}"}""")).Expect(HttpStatusCode.Created);
        string first = TestAgent.NewPublicKey();
        var made = (await EnrolAsync("laptop", first)).Json;
        Assert.Equal("approved", made.GetProperty("state").GetString());
        using var agent = await TestAgent.ConnectAsync(server.Control.Address, new CredentialAnswer(made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!), AgentKind.Device, first);
        await agent.HelloAsync();
        await UntilAsync(agent, table => table.Resources.Count == 1);
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/block")).Expect(HttpStatusCode.OK);
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        (await server.DeleteAsync(ApiServer.Member, "/me/devices/laptop")).Expect(HttpStatusCode.Forbidden);
        Assert.Equal("blocked", (await EnrolAsync("laptop", first)).Json.GetProperty("state").GetString());
        var other = (await EnrolAsync("laptop", TestAgent.NewPublicKey())).Json;
        Assert.Equal(("laptop-2", "pending"), (other.GetProperty("name").GetString(), other.GetProperty("state").GetString()));
        string tag = (await server.GetAsync(ApiServer.Owner, "/devices/laptop")).ETag!;
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/devices/laptop/approve", "{}", "\"old\"")).Expect(HttpStatusCode.PreconditionFailed);
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/devices/laptop/approve", "{}", tag)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_user_enrols_so_many_devices_and_no_more()
    {
        await using var server = await ApiServer.StartAsync();
        for (int i = 0; i < DeviceRoutes.MaximumPerUser; i++)
            (await server.PostAsync(ApiServer.Member, "/devices", $$"""{"name":"d","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Member, "/devices", $$"""{"name":"d","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Conflict);
        // Others' devices show in nothing but a number behind the name.
        Assert.Equal($"d-{DeviceRoutes.MaximumPerUser + 1}", (await server.PostAsync(ApiServer.Admin, "/devices", $$"""{"name":"d","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Created).Json.GetProperty("name").GetString());
    }
}
