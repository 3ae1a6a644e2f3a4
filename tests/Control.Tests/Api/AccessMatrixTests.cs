using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Keyhole.Control.Tests;

/// <summary>Every route of the running router, for everybody who could call it: allowed or denied as the route declares.</summary>
public class AccessMatrixTests
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    private static List<(string Method, string Pattern, Requirement? Requirement)> Routes(ApiServer server) =>
        [.. server.Control.Server.PublicServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? Methods)
                .Select(method => (method, endpoint.RoutePattern.RawText!, endpoint.Metadata.GetMetadata<Requirement>())))];

    /// <summary>An address, without its first slash, in which nothing but the organisation exists, so that what is allowed changes nothing.</summary>
    private static string Address(string pattern) => string.Join('/', pattern.TrimStart('/').Split('/').Select(part =>
        !part.Contains('{') ? part : part.StartsWith("{org", StringComparison.Ordinal) ? "acme" : part.StartsWith("{documentName", StringComparison.Ordinal) ? "v1.json" : "nothing-here"));

    private static string Outcome(ApiAnswer answer)
    {
        string detail = answer.MediaType == "application/problem+json" && answer.Json.TryGetProperty("detail", out var text) ? text.GetString()! : "";
        return answer.Status switch
        {
            HttpStatusCode.Unauthorized when detail.StartsWith("Log in first", StringComparison.Ordinal) => "log in",
            HttpStatusCode.Unauthorized when detail.Contains("unknown or over: log in again", StringComparison.Ordinal) || detail.StartsWith("The API key is unknown", StringComparison.Ordinal) => "log in",
            HttpStatusCode.TooManyRequests when detail.StartsWith("Too many wrong tokens", StringComparison.Ordinal) => "log in",
            HttpStatusCode.Forbidden when detail.StartsWith("This needs ", StringComparison.Ordinal) => "forbidden",
            HttpStatusCode.Forbidden when detail.StartsWith("Your user is disabled in acme", StringComparison.Ordinal) => "disabled",
            HttpStatusCode.Forbidden => $"403 {detail}",
            HttpStatusCode.NotFound when detail.StartsWith("There is no such organisation", StringComparison.Ordinal) => "no organisation",
            HttpStatusCode.InternalServerError => $"500 {detail}",
            _ => "allowed",
        };
    }

    private static string Expected(Requirement requirement, TestCaller caller) => requirement.Kind switch
    {
        RequirementKind.Anonymous => "allowed",
        _ when caller.Token is null => "log in",
        RequirementKind.Login => caller.IsKey ? "forbidden" : "allowed",
        RequirementKind.ServerAdmin => caller.IsServerAdmin ? "allowed" : "forbidden",
        RequirementKind.Member when caller.IsDisabled => "disabled",
        _ when caller.Permissions is null => "no organisation",
        RequirementKind.Member => caller.IsKey ? "forbidden" : "allowed",
        _ => caller.Permissions.Contains(requirement.Permission!) ? "allowed" : "forbidden",
    };

    [Fact]
    [Trait("Threat", "28")]
    public async Task Every_route_lets_in_whom_it_declares_and_nobody_else()
    {
        await using var server = await ApiServer.StartAsync();
        var callers = await TestCaller.AllAsync(server);
        var before = server.Network.Ledger.State;
        var routes = Routes(server);
        Assert.True(routes.Count > 60, $"only {routes.Count} routes");
        Assert.Empty(routes.Where(route => route.Requirement is null).Select(route => $"{route.Method} {route.Pattern} does not declare who may use it"));
        var wrong = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(routes, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (route, _) =>
        {
            var (method, pattern, requirement) = route;
            foreach (var caller in callers.Where(caller => caller.Probes is null || caller.Probes == (requirement!.Permission ?? Permissions.SitesRead)))
            {
                var answer = await server.SendWithTokenAsync(caller.IsNobody ? null : caller.Token ?? caller.WrongToken, new HttpMethod(method), Address(pattern), method == "GET" ? null : Refused(pattern),
                    mediaType: pattern.Contains("/network", StringComparison.Ordinal) ? NetworkRoutes.Yaml : "application/json");
                string expected = Expected(requirement!, caller), outcome = Outcome(answer);
                if (expected != outcome)
                    wrong.Enqueue($"{method} {pattern} as {caller.Name}: {outcome}, not {expected}");
            }
        });

        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Take(40)));
        Assert.Equal(before, server.Network.Ledger.State);
    }

    /// <summary>A body that no route makes anything of. An external client needs nothing, but takes no empty name.</summary>
    private static string Refused(string pattern) => pattern.TrimEnd('/').EndsWith("/external-clients", StringComparison.Ordinal) ? """{"name":""}"""
        : pattern.EndsWith("/authority/rotate", StringComparison.Ordinal) ? """{"newest":"nothing-here"}"""
        : "{}";

    [Fact]
    [Trait("Threat", "28")]
    public async Task What_a_route_below_an_organisation_needs_follows_from_its_name()
    {
        await using var server = await ApiServer.StartAsync();
        // By method and address: what is not simply KIND:read for reading and KIND:write for everything else.
        var exceptions = new Dictionary<string, string>
        {
            ["GET {org}"] = "member",
            ["PATCH {org}"] = Permissions.DevicesWrite,
            ["DELETE {org}"] = Permissions.OrganisationDelete,
            ["POST devices"] = "member",
            ["GET me"] = "member",
            ["DELETE me/devices/{name}"] = "member",
            // It holds the preshared key.
            ["GET external-clients/{name}/config"] = Permissions.ExternalClientsWrite,
            ["POST network/plan"] = Permissions.NetworkRead,
            ["POST ssh/sign"] = "member",
        };
        foreach (var (method, pattern, requirement) in Routes(server).Where(route => route.Pattern.Contains("/orgs/{org}", StringComparison.Ordinal)))
        {
            string rest = pattern[(pattern.IndexOf("{org}", StringComparison.Ordinal) + 5)..].Trim('/');
            string kind = rest.Split('/')[0] is "access" ? "network" : rest.Split('/')[0];
            string expected = exceptions.GetValueOrDefault($"{method} {(rest.Length == 0 ? "{org}" : rest)}") ?? $"{kind}:{(method == "GET" ? "read" : "write")}";
            string declared = requirement!.Kind == RequirementKind.Member ? "member" : requirement.Permission ?? requirement.Kind.ToString();
            Assert.True(expected == declared, $"{method} {pattern} needs {declared}, not {expected}");
        }
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_user_who_is_disabled_or_removed_is_out_with_the_next_request()
    {
        await using var server = await ApiServer.StartAsync();
        string session = server.Sessions.Begin(ApiServer.Admin);
        (await server.SendWithTokenAsync(session, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.OK);
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Admin}", """{"disabled":true}""")).Expect(HttpStatusCode.OK);
        (await server.SendWithTokenAsync(session, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.NotFound);
        (await server.PatchAsync(ApiServer.Owner, $"/users/{ApiServer.Admin}", """{"disabled":false}""")).Expect(HttpStatusCode.OK);
        (await server.SendWithTokenAsync(session, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.OK);
        (await server.DeleteAsync(ApiServer.Owner, $"/users/{ApiServer.Admin}")).Expect(HttpStatusCode.OK);
        (await server.SendWithTokenAsync(session, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.NotFound);
        server.Sessions.End(session);
        (await server.SendWithTokenAsync(session, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task An_organisation_goes_with_everything_in_it_and_only_when_it_is_meant()
    {
        await using var server = await ApiServer.StartAsync();
        string key = await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "all", Permissions.All);
        (await server.PatchAsync(ApiServer.Owner, ApiServer.Acme, """{"deviceApproval":true}""")).Expect(HttpStatusCode.OK);
        (await server.PostAsync(ApiServer.Owner, "/invitations", """{"email":"ivy@example.com"}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/provisioning-keys", """{"name":"fleet","kind":"machine"}""")).Expect(HttpStatusCode.Created);
        using var agent = await server.Control.AgentAsync(AgentKind.Connector, "office-1");
        (await server.DeleteAsync(ApiServer.Admin, ApiServer.Acme, "*")).Expect(HttpStatusCode.Forbidden);
        (await server.DeleteAsync(ApiServer.Owner, ApiServer.Acme)).Expect(HttpStatusCode.PreconditionRequired);
        (await server.DeleteAsync(ApiServer.Owner, ApiServer.Acme, "\"r0\"")).Expect(HttpStatusCode.PreconditionFailed);
        // Any version is none that somebody has seen.
        (await server.DeleteAsync(ApiServer.Owner, ApiServer.Acme, "*")).Expect(HttpStatusCode.PreconditionFailed);
        string tag = (await server.GetAsync(ApiServer.Owner, ApiServer.Acme)).ETag!;
        (await server.DeleteAsync(ApiServer.Owner, ApiServer.Acme, tag)).Expect(HttpStatusCode.NoContent);
        (await server.GetAsync(ApiServer.Owner, ApiServer.Acme)).Expect(HttpStatusCode.NotFound);
        (await server.SendWithTokenAsync(key, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.Unauthorized);
        Assert.Empty(server.Control.Server.Networks.All);
        Assert.Equal(RefusalReason.Revoked, (await agent.ReadRefusalAsync()).Reason);
    }

    [Fact]
    [Trait("Promise", "A5")]
    [Trait("Threat", "24")]
    public async Task Nothing_of_one_organisation_is_seen_through_another()
    {
        await using var server = await ApiServer.StartAsync();
        var made = (await server.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs", """{"name":"globex"}""")).Expect(HttpStatusCode.Created);
        Assert.Equal("globex", made.Json.GetProperty("name").GetString());
        foreach (string json in new[] { """{"name":"office"}""", """{"name":"secret-site"}""" })
            (await server.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs/globex/sites", json)).Expect(HttpStatusCode.Created);

        // The server admin sees the names of all organisations, and nothing in those that it is no user of.
        var all = (await server.SendAsync(ApiServer.Root, HttpMethod.Get, "/api/v1/orgs")).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["acme", "globex"], all.Select(org => org.GetProperty("name").GetString()));
        Assert.Equal(JsonValueKind.Null, all[0].GetProperty("revision").ValueKind);
        (await server.SendAsync(ApiServer.Root, HttpMethod.Get, "/api/v1/orgs/acme/sites")).Expect(HttpStatusCode.NotFound);

        var own = (await server.SendAsync(ApiServer.Owner, HttpMethod.Get, "/api/v1/orgs")).Expect(HttpStatusCode.OK);
        Assert.DoesNotContain("globex", own.Text, StringComparison.Ordinal);
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Get, "/api/v1/orgs/globex/sites")).Expect(HttpStatusCode.NotFound);
        foreach (string path in new[] { "/sites", "/audit", "/network", "/users" })
            Assert.DoesNotContain("secret-site", (await server.GetAsync(ApiServer.Owner, path)).Expect(HttpStatusCode.OK).Text, StringComparison.Ordinal);
        (await server.DeleteAsync(ApiServer.Owner, "/sites/secret-site")).Expect(HttpStatusCode.NotFound);
        Assert.Equal(
            (await server.SendAsync(ApiServer.Owner, HttpMethod.Get, "/api/v1/orgs/globex/sites")).Json.GetProperty("detail").GetString(),
            (await server.SendAsync(ApiServer.Owner, HttpMethod.Get, "/api/v1/orgs/nobody/sites")).Json.GetProperty("detail").GetString());
    }
}
