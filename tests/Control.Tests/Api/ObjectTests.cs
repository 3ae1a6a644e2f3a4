using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>Objects made, changed and removed by the interface: the rules are those of network files.</summary>
public class ObjectTests
{
    [Fact]
    public async Task A_network_can_be_built_object_by_object_and_exports_as_a_file_that_changes_nothing()
    {
        await using var server = await ApiServer.StartAsync();
        async Task MakeAsync(string path, string json) => (await server.PostAsync(ApiServer.Owner, path, json)).Expect(HttpStatusCode.Created);
        await MakeAsync("/sites", """{"name":"plant"}""");
        await MakeAsync("/connectors", """{"name":"plant-1","site":"plant"}""");
        await MakeAsync("/relays", """{"name":"second","endpoints":["198.51.100.7:21820"],"gateway":true}""");
        await MakeAsync("/resources", """{"name":"press","site":"plant","destination":"10.0.0.0/24","alias":"press.acme.internal","tcp":"502","icmp":true}""");
        await MakeAsync("/roles", """{"name":"helpdesk","permissions":["devices:write","devices:read"]}""");
        await MakeAsync("/users", """{"email":"bob@example.com","roles":["helpdesk","member"],"displayName":"Bob"}""");
        await MakeAsync("/machines", """{"name":"robot"}""");
        await MakeAsync("/external-clients", """{"name":"tablet","dns":["192.168.1.1"],"expires":"2099-01-31"}""");
        await MakeAsync("/grants", """{"resource":"press","roles":["helpdesk"],"machines":["robot"],"externalClients":["tablet"]}""");

        var press = (await server.GetAsync(ApiServer.Owner, "/resources/press")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(("plant", "10.0.0.0/24", "502", true), (press.GetProperty("site").GetString(), press.GetProperty("destination").GetString(), press.GetProperty("tcp").GetString(), press.GetProperty("icmp").GetBoolean()));
        var role = (await server.GetAsync(ApiServer.Owner, "/roles/helpdesk")).Json;
        Assert.Equal(["devices:read", "devices:write"], role.GetProperty("permissions").EnumerateArray().Select(permission => permission.GetString()));

        string file = (await server.GetAsync(ApiServer.Owner, "/network")).Expect(HttpStatusCode.OK).Text;
        var planned = (await server.SendWithTokenAsync(server.Sessions.Begin(ApiServer.Owner), HttpMethod.Post, "/network/plan", file, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.OK);
        Assert.Empty(planned.Json.GetProperty("plan").GetProperty("changes").EnumerateArray());
        Assert.Empty((await server.Control.ApplyAsync(file)).Plan!.Changes);
    }

    [Theory]
    [InlineData("/resources", """{"name":"x y","site":"office","destination":"192.168.1.9"}""", "name", "this is no name")]
    [InlineData("/resources", """{"name":"x","site":"ofice","destination":"192.168.1.9"}""", "site", "did you mean \"office\"?")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9/24"}""", "destination", "bits are set behind the /24")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"100.64.0.9"}""", "destination", "the overlay's own addresses")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9","tcp":"80,99999"}""", "tcp", "port 99999 is not between 1 and 65535")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9","alias":"WEB.acme.internal"}""", "alias", "another alias has this name")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9","icmp":"true"}""", "icmp", "neither true nor false")]
    [InlineData("/resources", """{"name":"WEB","site":"office","destination":"192.168.1.9"}""", "name", "another resource has this name")]
    [InlineData("/resources", """{"name":"x","site":"office"}""", "destination", "this is missing")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9","overlay":[]}""", "overlay", "unknown member")]
    [InlineData("/resources", """{"name":"x","site":"office","destination":"192.168.1.9","id":7}""", "id", "unknown member")]
    [InlineData("/relays", """{"name":"x","endpoints":["198.51.100.7:21820","198.51.100.7"]}""", "endpoints", "the port is missing")]
    [InlineData("/relays", """{"name":"x","endpoints":[]}""", "endpoints", "the list is empty")]
    [InlineData("/external-clients", """{"name":"x\nPostUp = evil"}""", "name", "this is no name")]
    [InlineData("/external-clients", """{"name":"x","dns":["1.1.1.1\nPostUp = evil"]}""", "dns", "this is no usable address")]
    [InlineData("/external-clients", """{"name":"x","addresses":["100.64.0.1"]}""", "addresses", "outside of the clients' range")]
    [InlineData("/external-clients", """{"name":"x","addresses":["100.64.1.0"]}""", "addresses", "has this address too")]
    [InlineData("/external-clients", """{"name":"x","expires":"soon"}""", "expires", "no day and no instant")]
    [InlineData("/machines", """{"name":"x","publicKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}""", "publicKey", "no WireGuard public key")]
    [InlineData("/users", """{"email":"nobody"}""", "email", "no e-mail address")]
    [InlineData("/users", """{"email":"x@example.com","roles":["stafff"]}""", "roles[0]", "did you mean \"staff\"?")]
    [InlineData("/users", """{"email":"x@example.com","disabled":"no"}""", "disabled", "wrong form")]
    [InlineData("/users", """{"email":"x@example.com","displayName":"a\u001b[31mb"}""", "displayName", "control characters")]
    [InlineData("/roles", """{"name":"x","permissions":["devices:raed"]}""", "permissions[0]", "did you mean \"devices:read\"?")]
    [InlineData("/roles", """{"name":"Owner"}""", "name", "every organisation has this role")]
    [InlineData("/grants", """{"resource":"wbe","roles":["staff"]}""", "resource", "did you mean \"web\"?")]
    [InlineData("/grants", """{"resource":"web"}""", "", "the grant is for nobody")]
    [InlineData("/api-keys", """{"name":"x","scopes":["sites:raed"]}""", "scopes", "did you mean \"sites:read\"?")]
    [InlineData("/provisioning-keys", """{"name":"x","kind":"relay"}""", "kind", "neither \"connector\" nor \"machine\"")]
    [InlineData("/provisioning-keys", """{"name":"x","kind":"connector"}""", "site", "names their site")]
    [InlineData("/provisioning-keys", """{"name":"x","kind":"machine","expires":"2001-01-01"}""", "expires", "over already")]
    [InlineData("/invitations", """{"email":"x@example.com","roles":["nobody"]}""", "roles", "no role is named")]
    [Trait("Threat", "28")]
    [Trait("Threat", "36")]
    public async Task What_is_wrong_is_said_of_the_member_that_is_wrong(string path, string json, string member, string problem)
    {
        await using var server = await ApiServer.StartAsync();
        var before = server.Network.Ledger.State;
        var answer = (await server.PostAsync(ApiServer.Owner, path, json)).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Contains(problem, answer.Error(member), StringComparison.Ordinal);
        Assert.Equal(before, server.Network.Ledger.State);
    }

    [Fact]
    public async Task A_change_keeps_what_it_does_not_name_and_a_renamed_object_stays_the_same_object()
    {
        await using var server = await ApiServer.StartAsync();
        var before = server.Network.Ledger.State;
        var web = before.Resources.Single(resource => resource.Name == "web");
        var answer = (await server.PatchAsync(ApiServer.Owner, "/resources/WEB", """{"name":"intranet","udp":"53","alias":null}""")).Expect(HttpStatusCode.OK);
        var after = server.Network.Ledger.State;
        Assert.Equal(web with { Name = "intranet", Alias = null, Udp = [new PortRange(53, 53)] }, Assert.Single(after.Resources));
        Assert.Equal(before.Grants, after.Grants);
        Assert.Equal((before.Revision + 1, after.Revision), (after.Revision, answer.Json.GetProperty("revision").GetInt64()));

        // Only the name: agents see it, so that it is a revision of its own.
        (await server.PatchAsync(ApiServer.Owner, "/machines/ci", """{"name":"build"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal(after.Revision + 1, server.Network.Ledger.State.Revision);
        (await server.PatchAsync(ApiServer.Owner, "/machines/build", """{"name":"build"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal(after.Revision + 1, server.Network.Ledger.State.Revision);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task What_is_removed_or_revoked_is_what_was_seen()
    {
        await using var server = await ApiServer.StartAsync();
        string? grants = (await server.GetAsync(ApiServer.Owner, "/grants")).ETag, machine = (await server.GetAsync(ApiServer.Owner, "/machines/ci")).ETag;
        (await server.PostAsync(ApiServer.Owner, "/grants", """{"resource":"web","users":["mia@example.com"]}""")).Expect(HttpStatusCode.Created);
        (await server.DeleteAsync(ApiServer.Owner, "/grants/web/machine/ci", grants)).Expect(HttpStatusCode.PreconditionFailed);
        (await server.DeleteAsync(ApiServer.Owner, "/grants/web/machine/ci", (await server.GetAsync(ApiServer.Owner, "/grants")).ETag)).Expect(HttpStatusCode.OK);

        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/machines/ci/credentials", "{}", machine)).Expect(HttpStatusCode.Created);
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/machines/ci/credentials", "{}", "\"another\"")).Expect(HttpStatusCode.PreconditionFailed);
        (await server.DeleteAsync(ApiServer.Owner, "/machines/ci/credentials", "\"another\"")).Expect(HttpStatusCode.PreconditionFailed);
        Assert.Single(server.Network.Ledger.State.Credentials);
        (await server.DeleteAsync(ApiServer.Owner, "/machines/ci/credentials", machine)).Expect(HttpStatusCode.OK);
        Assert.Empty(server.Network.Ledger.State.Credentials);

        foreach (var (path, json) in new[] { ("/api-keys", """{"name":"ci","scopes":["sites:read"]}"""), ("/provisioning-keys", """{"name":"ci","kind":"machine"}""") })
        {
            (await server.PostAsync(ApiServer.Owner, path, json)).Expect(HttpStatusCode.Created);
            string? seen = (await server.GetAsync(ApiServer.Owner, $"{path}/ci")).ETag;
            Assert.NotNull(seen);
            (await server.DeleteAsync(ApiServer.Owner, $"{path}/ci", seen)).Expect(HttpStatusCode.NoContent);
            // Another key under the same name.
            (await server.PostAsync(ApiServer.Owner, path, json)).Expect(HttpStatusCode.Created);
            (await server.DeleteAsync(ApiServer.Owner, $"{path}/ci", seen)).Expect(HttpStatusCode.PreconditionFailed);
            (await server.DeleteAsync(ApiServer.Owner, $"{path}/CI", "*")).Expect(HttpStatusCode.NoContent);
            (await server.DeleteAsync(ApiServer.Owner, $"{path}/ci")).Expect(HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task An_organisation_keeps_an_owner_who_can_log_in()
    {
        await using var server = await ApiServer.StartAsync();
        var login = server.Control.Server.Login;
        Account Make(string email, string? password) => login.Database.Write((connection, transaction) => login.Accounts.Create(connection, transaction, email, password, isServerAdmin: false));
        Make(ApiServer.Owner, "a hash");
        (await server.PostAsync(ApiServer.Owner, "/users", """{"email":"boss@example.com","roles":["owner"]}""")).Expect(HttpStatusCode.Created);
        var refused = (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Owner}", """{"roles":["member"]}""")).Expect(HttpStatusCode.Conflict);
        Assert.Contains("who can log in", refused.Text, StringComparison.Ordinal);
        (await server.DeleteAsync(ApiServer.Owner, $"/users/{ApiServer.Owner}")).Expect(HttpStatusCode.Conflict);
        // Made, but without any way to log in yet.
        var boss = Make("boss@example.com", null);
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Owner}", """{"disabled":true}""")).Expect(HttpStatusCode.Conflict);
        login.PasswordChange.Set(boss, "a hash", null, new AuditEntry(Actor.Operator, "test", "test"));
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Owner}", """{"roles":["member"]}""")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Removing_takes_grants_along_and_refuses_what_others_stand_on()
    {
        await using var server = await ApiServer.StartAsync();
        var refused = (await server.DeleteAsync(ApiServer.Owner, "/sites/office")).Expect(HttpStatusCode.Conflict);
        Assert.Contains("remove what is on it first", refused.Text, StringComparison.Ordinal);
        (await server.DeleteAsync(ApiServer.Owner, "/grants/web/machine/ci")).Expect(HttpStatusCode.OK);
        (await server.DeleteAsync(ApiServer.Owner, "/grants/web/machine/ci")).Expect(HttpStatusCode.NotFound);
        (await server.DeleteAsync(ApiServer.Owner, "/roles/staff")).Expect(HttpStatusCode.OK);
        var phone = Assert.Single(server.Network.Ledger.State.Grants);
        Assert.Equal(PrincipalKind.ExternalClient, phone.Kind);
        foreach (string path in new[] { "/resources/web", "/connectors/office-1", "/sites/office", "/relays/vps", "/machines/ci", "/external-clients/phone", "/users/alice@example.com" })
            (await server.DeleteAsync(ApiServer.Owner, path)).Expect(HttpStatusCode.OK);
        (await server.DeleteAsync(ApiServer.Owner, "/sites/office")).Expect(HttpStatusCode.NotFound);
        (await server.DeleteAsync(ApiServer.Owner, "/roles/owner")).Expect(HttpStatusCode.Conflict);
        var left = server.Network.Ledger.State;
        Assert.Equal((0, 0, 0, 0, 0), (left.Grants.Count, left.Peers.Count, left.Sites.Count, left.Resources.Count, left.Relays.Count));
    }

    [Fact]
    public async Task Lists_come_in_parts_that_neither_repeat_nor_lose_an_object()
    {
        await using var server = await ApiServer.StartAsync();
        for (int i = 0; i < 7; i++)
            (await server.PostAsync(ApiServer.Owner, "/sites", $$"""{"name":"site-{{i}}"}""")).Expect(HttpStatusCode.Created);
        var seen = new List<string?>();
        string? after = null;
        do
        {
            var page = (await server.GetAsync(ApiServer.Owner, $"/sites?limit=3{(after is null ? "" : $"&after={after}")}")).Expect(HttpStatusCode.OK).Json;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
            after = page.GetProperty("next").GetString();
            // Meanwhile an object that was shown goes: the next part must not skip one for it.
            if (seen.Count == 3)
                (await server.DeleteAsync(ApiServer.Owner, $"/sites/{seen[1]}")).Expect(HttpStatusCode.OK);
        }
        while (after is not null);
        Assert.Equal(["office", "site-0", "site-1", "site-2", "site-3", "site-4", "site-5", "site-6"], seen);
        Assert.Contains("no number from 1 to", (await server.GetAsync(ApiServer.Owner, "/sites?limit=0")).Expect(HttpStatusCode.UnprocessableEntity).Error("limit"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "O14")]
    public async Task The_interface_explains_who_reaches_what_and_why_not()
    {
        await using var server = await ApiServer.StartAsync();
        var allowed = (await server.GetAsync(ApiServer.Owner, $"/access/explain?subject=machine/ci&target=web:443")).Expect(HttpStatusCode.OK).Json;
        Assert.True(allowed.GetProperty("allowed").GetBoolean());
        var refused = (await server.GetAsync(ApiServer.Owner, $"/access/explain?subject={ApiServer.Owner}&target=web:443")).Expect(HttpStatusCode.OK).Json;
        Assert.False(refused.GetProperty("allowed").GetBoolean());
        Assert.NotEmpty(refused.GetProperty("fix").GetString()!);
        Assert.Equal("this is missing", (await server.GetAsync(ApiServer.Owner, "/access/explain?subject=machine/ci")).Expect(HttpStatusCode.UnprocessableEntity).Error("target"));
    }

    [Fact]
    public async Task Nobody_overwrites_what_they_have_not_seen()
    {
        await using var server = await ApiServer.StartAsync();
        string tag = (await server.GetAsync(ApiServer.Owner, "/resources/web")).ETag!;
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => server.PatchAsync(ApiServer.Owner, "/resources/web", $$"""{"tcp":"{{1000 + i}}"}""", tag)));
        var won = Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer != won), answer => answer.Expect(HttpStatusCode.PreconditionFailed));
        var now = await server.GetAsync(ApiServer.Owner, "/resources/web");
        Assert.Equal((won.ETag, won.Json.GetProperty("item").GetProperty("tcp").GetString()), (now.ETag, now.Json.GetProperty("tcp").GetString()));
        Assert.NotEqual(tag, now.ETag);
        (await server.DeleteAsync(ApiServer.Owner, "/resources/web", tag)).Expect(HttpStatusCode.PreconditionFailed);
        (await server.DeleteAsync(ApiServer.Owner, "/resources/web", now.ETag)).Expect(HttpStatusCode.OK);
    }
}
