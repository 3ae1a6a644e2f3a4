using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>Nobody gives or takes what they do not hold, by whichever route.</summary>
public class EscalationTests
{
    private const string Helper = "hugo@example.com";

    private static async Task<ApiServer> StartAsync()
    {
        var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Owner, "/roles", """{"name":"helper","permissions":["users:read","users:write","roles:write","network:read","network:write","sites:write"]}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/users", $$"""{"email":"{{Helper}}","roles":["helper"]}""")).Expect(HttpStatusCode.Created);
        return server;
    }

    [Theory]
    [InlineData("POST", "/users", """{"email":"x@example.com","roles":["owner"]}""")]
    [InlineData("POST", "/users", """{"email":"x@example.com","roles":["admin"]}""")]
    [InlineData("PATCH", "/users/hugo@example.com", """{"roles":["helper","owner"]}""")]
    [InlineData("PATCH", "/users/olga@example.com", """{"disabled":true}""")]
    [InlineData("POST", "/users/olga@example.com/email", """{"email":"hugo2@example.com"}""")]
    [InlineData("PATCH", "/users/adam@example.com", """{"roles":[]}""")]
    [InlineData("DELETE", "/users/olga@example.com", null)]
    [InlineData("POST", "/users", """{"email":"x@example.com","roles":["staff"]}""")]
    [InlineData("PATCH", "/users/hugo@example.com", """{"roles":["helper","staff"]}""")]
    [InlineData("POST", "/users/alice@example.com/email", """{"email":"hugo2@example.com"}""")]
    [InlineData("POST", "/roles", """{"name":"x","permissions":["devices:write"]}""")]
    [InlineData("PATCH", "/roles/helper", """{"permissions":["users:write","audit:read"]}""")]
    [Trait("Threat", "28")]
    public async Task A_route_gives_and_takes_nothing_that_the_caller_does_not_hold(string method, string path, string? json)
    {
        await using var server = await StartAsync();
        var before = server.Network.Ledger.State;
        var answer = (await server.SendAsync(Helper, new HttpMethod(method), path, json)).Expect(HttpStatusCode.Forbidden);
        Assert.Contains("you do not hold it yourself", answer.Text, StringComparison.Ordinal);
        Assert.Equal(before, server.Network.Ledger.State);
    }

    [Theory]
    [InlineData("""{"site":"annex"}""")]
    [InlineData("""{"destination":"192.168.1.66"}""")]
    [InlineData("""{"name":"other"}""")]
    [InlineData("""{"alias":"other.acme.internal"}""")]
    [InlineData("""{"tcp":"80"}""")]
    [Trait("Threat", "28")]
    [Trait("Threat", "35")]
    public async Task Which_host_people_log_in_to_is_decided_by_those_who_may_write_ssh(string json)
    {
        await using var server = await StartAsync();
        (await server.PostAsync(ApiServer.Owner, "/roles", """{"name":"router","permissions":["resources:read","resources:write"]}""")).Expect(HttpStatusCode.Created);
        (await server.PatchAsync(ApiServer.Owner, $"/users/{Helper}", """{"roles":["router"]}""")).Expect(HttpStatusCode.OK);
        (await server.PostAsync(ApiServer.Owner, "/sites", """{"name":"annex"}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/resources", """{"name":"vm-01","site":"office","destination":"192.168.1.5","tcp":"22","ssh":{}}""")).Expect(HttpStatusCode.Created);
        var before = server.Network.Ledger.State;
        (await server.PatchAsync(Helper, "/resources/vm-01", json)).Expect(HttpStatusCode.Forbidden);
        Assert.Equal(before, server.Network.Ledger.State);
        (await server.PatchAsync(Helper, "/resources/vm-01", """{"tcp":"22,443"}""")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_network_file_is_no_way_around_it_and_what_the_caller_holds_goes_through()
    {
        await using var server = await StartAsync();
        string file = (await server.GetAsync(Helper, "/network")).Expect(HttpStatusCode.OK).Text;
        string session = server.Sessions.Begin(Helper);
        string stolen = file.Replace("\"hugo@example.com\"\n    roles: [helper]", "\"hugo@example.com\"\n    roles: [helper, owner]", StringComparison.Ordinal);
        Assert.NotEqual(file, stolen);
        (await server.SendWithTokenAsync(session, HttpMethod.Put, "/network", stolen, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.Forbidden);
        string site = file.Replace("sites:\n", "sites:\n  - name: plant\n", StringComparison.Ordinal);
        (await server.SendWithTokenAsync(session, HttpMethod.Put, "/network", site, ifMatch: "\"r1\"", mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.PreconditionFailed);
        var applied = (await server.SendWithTokenAsync(session, HttpMethod.Put, "/network", site, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.OK).Json;
        Assert.True(applied.GetProperty("applied").GetBoolean());
        (await server.PostAsync(Helper, "/users", """{"email":"x@example.com","roles":["member","helper"]}""")).Expect(HttpStatusCode.Created);
        (await server.DeleteAsync(Helper, "/users/x@example.com")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_exported_file_can_be_applied_by_a_key_that_may_only_do_that()
    {
        await using var server = await StartAsync();
        string key = await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "ci", ["network:read", "network:write"]);
        string file = (await server.SendWithTokenAsync(key, HttpMethod.Get, "/network")).Expect(HttpStatusCode.OK).Text;
        Assert.Contains("name: helper", file, StringComparison.Ordinal);
        Assert.False((await server.SendWithTokenAsync(key, HttpMethod.Put, "/network", file, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.OK).Json.GetProperty("applied").GetBoolean());
        string site = file.Replace("sites:\n", "sites:\n  - name: plant\n", StringComparison.Ordinal);
        Assert.True((await server.SendWithTokenAsync(key, HttpMethod.Put, "/network", site, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.OK).Json.GetProperty("applied").GetBoolean());
    }

    [Theory]
    [InlineData("DELETE", "/users/olga@example.com", null)]
    [InlineData("PATCH", "/users/olga@example.com", """{"roles":["admin"]}""")]
    [InlineData("PATCH", "/users/olga@example.com", """{"disabled":true}""")]
    [Trait("Threat", "28")]
    public async Task The_last_owner_stays(string method, string path, string? json)
    {
        await using var server = await StartAsync();
        var answer = (await server.SendAsync(ApiServer.Owner, new HttpMethod(method), path, json)).Expect(HttpStatusCode.Conflict);
        Assert.Contains("the last owner", answer.Text, StringComparison.Ordinal);
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Admin}", """{"roles":["owner"]}""")).Expect(HttpStatusCode.OK);
        (await server.SendAsync(ApiServer.Owner, new HttpMethod(method), path, json)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task An_admin_makes_no_owner_and_touches_none()
    {
        await using var server = await StartAsync();
        (await server.PatchAsync(ApiServer.Admin, $"/users/{ApiServer.Member}", """{"roles":["owner"]}""")).Expect(HttpStatusCode.Forbidden);
        (await server.DeleteAsync(ApiServer.Admin, $"/users/{ApiServer.Owner}")).Expect(HttpStatusCode.Forbidden);
        (await server.PatchAsync(ApiServer.Admin, $"/users/{ApiServer.Member}", """{"roles":["admin"]}""")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_user_is_not_handed_to_another_person_together_with_the_first_one_s_devices()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.PostAsync(ApiServer.Member, "/devices", $$"""{"name":"laptop","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Created);
        var before = server.Network.Ledger.State;
        var answer = (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Member}", """{"email":"bob@example.com"}""")).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Contains($"POST …/users/{ApiServer.Member}/email", answer.Error("email"), StringComparison.Ordinal);
        Assert.Equal(before, server.Network.Ledger.State);
        // The same address in other letters is the same person.
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Member}", """{"email":"MIA@example.com"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal("MIA@example.com", (await server.GetAsync(ApiServer.Owner, "/devices/laptop")).Json.GetProperty("user").GetString());
        // What gives the same person another address takes its account along, and its devices stay its own.
        (await server.PostAsync(ApiServer.Owner, "/users/mia@example.com/email", """{"email":"ria@example.com"}""")).Expect(HttpStatusCode.OK);
        Assert.Equal("ria@example.com", (await server.GetAsync(ApiServer.Owner, "/devices/laptop")).Json.GetProperty("user").GetString());
    }
}
