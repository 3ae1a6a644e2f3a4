using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>What is shown once: API keys, invitations, provisioning keys.</summary>
public class KeyTests
{
    [Fact]
    [Trait("Threat", "28")]
    public async Task An_API_key_has_no_more_than_its_maker_had_then_and_has_now()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Owner, "/roles", """{"name":"keys","permissions":["api-keys:write","sites:read","users:write"]}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/users", """{"email":"kim@example.com","roles":["keys"]}""")).Expect(HttpStatusCode.Created);
        var more = (await server.PostAsync("kim@example.com", "/api-keys", """{"name":"more","scopes":["sites:read","sites:write"]}""")).Expect(HttpStatusCode.Forbidden);
        Assert.Contains("You do not hold sites:write yourself", more.Text, StringComparison.Ordinal);
        string key = await TestCaller.KeyAsync(server, "kim@example.com", "acme", "reader", ["sites:read", "api-keys:write"]);
        Task<ApiAnswer> CallAsync(HttpMethod method, string path, string? json = null) => server.SendWithTokenAsync(key, method, path, json);
        (await CallAsync(HttpMethod.Get, "/sites")).Expect(HttpStatusCode.OK);
        (await CallAsync(HttpMethod.Post, "/sites", """{"name":"x"}""")).Expect(HttpStatusCode.Forbidden);
        // A key makes keys, but none with what it has not itself, although its maker has.
        (await CallAsync(HttpMethod.Post, "/api-keys", """{"name":"child","scopes":["users:write"]}""")).Expect(HttpStatusCode.Forbidden);
        foreach (string scopes in new[] { "null,\"users:write\"", "\"sites:read\",null,\"users:write\"", "\"users:write\",null", "null" })
            (await CallAsync(HttpMethod.Post, "/api-keys", $$"""{"name":"child","scopes":[{{scopes}}]}""")).Expect(HttpStatusCode.UnprocessableEntity);
        (await server.GetAsync(ApiServer.Owner, "/api-keys/child")).Expect(HttpStatusCode.NotFound);
        // More for the maker is not more for the key; less for the maker is less for the key.
        (await server.PatchAsync(ApiServer.Owner, "/roles/keys", """{"permissions":["api-keys:write","sites:read","sites:write"]}""")).Expect(HttpStatusCode.OK);
        (await CallAsync(HttpMethod.Post, "/sites", """{"name":"x"}""")).Expect(HttpStatusCode.Forbidden);
        (await server.PatchAsync(ApiServer.Owner, "/roles/keys", """{"permissions":["sites:write"]}""")).Expect(HttpStatusCode.OK);
        (await CallAsync(HttpMethod.Get, "/sites")).Expect(HttpStatusCode.Forbidden);
        (await server.DeleteAsync(ApiServer.Owner, "/users/kim@example.com")).Expect(HttpStatusCode.OK);
        (await CallAsync(HttpMethod.Get, "/sites")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_API_key_is_seen_without_its_secret_remembers_its_use_and_ends_when_it_is_removed()
    {
        await using var server = await ApiServer.StartAsync();
        string key = await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "ci", ["sites:read"], "2099-01-01");
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await server.GetAsync(ApiServer.Owner, "/api-keys/ci")).Json.GetProperty("lastUsed").ValueKind);
        (await server.SendWithTokenAsync(key, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.OK);
        var seen = (await server.GetAsync(ApiServer.Owner, "/api-keys/CI")).Expect(HttpStatusCode.OK);
        Assert.NotEqual(default, seen.Json.GetProperty("lastUsed").GetDateTimeOffset());
        Assert.Equal((ApiServer.Owner, new DateTimeOffset(2099, 1, 2, 0, 0, 0, TimeSpan.Zero)), (seen.Json.GetProperty("maker").GetString(), seen.Json.GetProperty("expires").GetDateTimeOffset()));
        (await server.PostAsync(ApiServer.Owner, "/api-keys", """{"name":"CI","scopes":[]}""")).Expect(HttpStatusCode.UnprocessableEntity);
        (await server.DeleteAsync(ApiServer.Owner, "/api-keys/ci")).Expect(HttpStatusCode.NoContent);
        (await server.SendWithTokenAsync(key, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.Unauthorized);
        (await server.DeleteAsync(ApiServer.Owner, "/api-keys/ci")).Expect(HttpStatusCode.NotFound);
        string log = (await server.GetAsync(ApiServer.Owner, "/audit")).Text;
        Assert.Contains("api-key ci", log, StringComparison.Ordinal);
        Assert.DoesNotContain(key, log, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task An_API_key_that_runs_out_while_a_body_is_on_its_way_is_not_good_any_more()
    {
        await using var server = await ApiServer.StartAsync();
        var clock = new LoginClock();
        string text = await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "ci", ["sites:read"], "2099-01-01");
        var keys = new ApiKeys(server.Network.Database, clock);
        var caller = keys.Find(text, null)!;
        Assert.True(caller.IsStillGood());
        clock.Move(caller.Key!.Expires!.Value - clock.GetUtcNow());
        Assert.False(caller.IsStillGood());
        Assert.Null(keys.Find(text, null));
    }

    [Fact]
    [Trait("Threat", "31")]
    public async Task Of_two_hundred_uses_of_a_one_use_provisioning_key_exactly_one_wins()
    {
        await using var server = await ApiServer.StartAsync();
        string key = await ProvisioningKeyAsync(server, """{"name":"fleet","kind":"machine"}""");
        using var start = new ManualResetEventSlim();
        var uses = Enumerable.Range(0, 200).Select(i => Task.Run(() =>
        {
            start.Wait();
            return server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}","name":"m-{{i}}"}""");
        })).ToList();
        start.Set();
        var answers = await Task.WhenAll(uses);
        var won = Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer != won), answer => Assert.True(answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, answer.Text));
        var machines = server.Network.Ledger.State.Peers.Where(peer => peer.Kind == PeerKind.Machine && peer.Name.StartsWith("m-", StringComparison.Ordinal));
        Assert.Equal(won.Json.GetProperty("name").GetString(), Assert.Single(machines).Name);
        Assert.Equal(1, (await server.GetAsync(ApiServer.Owner, "/provisioning-keys/fleet")).Json.GetProperty("uses").GetInt32());
    }

    [Fact]
    public async Task A_provisioned_connector_waits_for_its_approval_and_goes_to_work_with_it()
    {
        await using var server = await ApiServer.StartAsync();
        string key = await ProvisioningKeyAsync(server, """{"name":"plant","kind":"connector","site":"office","maximumUses":2,"approval":true}""");
        var first = (await server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}","name":"office-1"}""")).Expect(HttpStatusCode.Created).Json;
        // The name is taken by the connector of the sample.
        Assert.Equal(("acme", "office-1-2", false), (first.GetProperty("organisation").GetString(), first.GetProperty("name").GetString(), first.GetProperty("approved").GetBoolean()));
        using var agent = await TestAgent.ConnectAsync(server.Control.Address, new CredentialAnswer(first.GetProperty("id").GetString()!, first.GetProperty("secret").GetString()!), AgentKind.Connector);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        Assert.Empty(agent.Table!.Resources);
        (await server.PatchAsync(ApiServer.Owner, "/connectors/office-1-2", """{"approved":true}""")).Expect(HttpStatusCode.OK);
        while (agent.Table.Resources.Count == 0)
            await agent.ReadTableAsync();

        Assert.Equal("plant", (await server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}"}""")).Expect(HttpStatusCode.Created).Json.GetProperty("name").GetString());
        (await server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}"}""")).Expect(HttpStatusCode.Unauthorized);
        (await server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}","name":"a b"}""")).Expect(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    [Trait("Threat", "31")]
    public async Task An_invitation_makes_one_account_a_user_once_and_no_other()
    {
        await using var server = await ApiServer.StartAsync();
        var made = (await server.PostAsync(ApiServer.Admin, "/invitations", """{"email":"ivy@example.com","roles":["staff"]}""")).Expect(HttpStatusCode.Created).Json;
        string link = made.GetProperty("link").GetString()!;
        Assert.StartsWith($"{server.Control.Address}invite/{Invitations.Prefix}", link, StringComparison.Ordinal);
        string body = $$"""{"token":"{{link.Split('/')[^1]}}"}""";
        (await server.SendAsync("eve@example.com", HttpMethod.Post, "/api/v1/invitations/accept", body)).Expect(HttpStatusCode.Conflict);
        (await server.SendAsync("ivy@example.com", HttpMethod.Get, ApiServer.Acme)).Expect(HttpStatusCode.NotFound);
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => server.SendAsync("IVY@example.com", HttpMethod.Post, "/api/v1/invitations/accept", body)));
        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        (await server.SendAsync("ivy@example.com", HttpMethod.Get, ApiServer.Acme)).Expect(HttpStatusCode.OK);
        Assert.Equal(["staff"], (await server.GetAsync(ApiServer.Owner, "/users/ivy@example.com")).Json.GetProperty("roles").EnumerateArray().Select(role => role.GetString()));
        Assert.DoesNotContain(link.Split('_')[^1], (await server.GetAsync(ApiServer.Owner, "/invitations")).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task An_invitation_gives_no_more_than_whoever_made_it_may_give_when_it_is_accepted()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Admin, "/invitations", """{"email":"ivy@example.com","roles":["owner"]}""")).Expect(HttpStatusCode.Forbidden);
        string link = (await server.PostAsync(ApiServer.Admin, "/invitations", """{"email":"ivy@example.com","roles":["admin"]}""")).Expect(HttpStatusCode.Created).Json.GetProperty("link").GetString()!;
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Admin}", """{"roles":["member"]}""")).Expect(HttpStatusCode.OK);
        (await server.SendAsync("ivy@example.com", HttpMethod.Post, "/api/v1/invitations/accept", $$"""{"token":"{{link.Split('/')[^1]}}"}""")).Expect(HttpStatusCode.Conflict);
        Assert.Null(server.Network.Ledger.State.FindUser("ivy@example.com"));
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_provisioning_key_makes_what_its_maker_may_make_and_nothing_when_that_is_over()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Owner, "/roles", """{"name":"keys","permissions":["provisioning-keys:write","machines:write"]}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/users", """{"email":"kim@example.com","roles":["keys"]}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync("kim@example.com", "/provisioning-keys", """{"name":"c","kind":"connector","site":"office"}""")).Expect(HttpStatusCode.Forbidden);
        string key = (await server.PostAsync("kim@example.com", "/provisioning-keys", """{"name":"m","kind":"machine","maximumUses":9}""")).Expect(HttpStatusCode.Created).Json.GetProperty("key").GetString()!;
        Task<ApiAnswer> UseAsync() => server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{key}}"}""");
        (await UseAsync()).Expect(HttpStatusCode.Created);
        (await server.PatchAsync(ApiServer.Owner, "/roles/keys", """{"permissions":["provisioning-keys:write"]}""")).Expect(HttpStatusCode.OK);
        (await UseAsync()).Expect(HttpStatusCode.Conflict);
        (await server.PatchAsync(ApiServer.Owner, "/roles/keys", """{"permissions":["provisioning-keys:write","machines:write"]}""")).Expect(HttpStatusCode.OK);
        (await UseAsync()).Expect(HttpStatusCode.Created);
        (await server.PatchAsync(ApiServer.Owner, "/users/kim@example.com", """{"disabled":true}""")).Expect(HttpStatusCode.OK);
        (await UseAsync()).Expect(HttpStatusCode.Conflict);
    }

    private static async Task<string> ProvisioningKeyAsync(ApiServer server, string json) =>
        (await server.PostAsync(ApiServer.Owner, "/provisioning-keys", json)).Expect(HttpStatusCode.Created).Json.GetProperty("key").GetString()!;
}
