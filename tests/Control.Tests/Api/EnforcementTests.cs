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

        int Machines() => server.Network.Ledger.Compiled.TableOf(new Agent(AgentKind.Relay, server.Network.Ledger.State.Relays[0].Id)).Peers.Count(peer => peer.Name == "ci");
        Assert.Equal(1, Machines());
        using var agent = await TestAgent.ConnectAsync(server.Control.Address, third, AgentKind.Machine);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        (await server.DeleteAsync(ApiServer.Owner, "/machines/ci/credentials")).Expect(HttpStatusCode.OK);
        Assert.Equal(0, Machines());
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
        Assert.False(await IsGoodAsync(third));
        Assert.True(await IsGoodAsync(await RotateAsync("{}")));
        Assert.Equal(1, Machines());
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
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/block")).Expect(HttpStatusCode.OK);
        await UntilAsync(agent, table => table.Resources.Count == 0);
        (await server.PostAsync(ApiServer.Owner, "/devices/laptop/approve")).Expect(HttpStatusCode.OK);
        await UntilAsync(agent, table => table.Resources.Count == 1);

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
        (await server.DeleteAsync(ApiServer.Member, "/me/devices/laptop")).Expect(HttpStatusCode.OK);
    }
}
