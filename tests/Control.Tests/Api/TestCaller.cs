using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>Somebody who calls routes.</summary>
/// <param name="Token">A session or an API key that is good; null for those who have none.</param>
/// <param name="Permissions">In the organisation acme; null for those for whom it does not exist.</param>
internal sealed record TestCaller(string Name, string? Token, IReadOnlyCollection<string>? Permissions)
{
    public bool IsNobody { get; init; }

    /// <summary>What those send whose token is not good any more, or never was.</summary>
    public string? WrongToken { get; init; }

    /// <summary>A user of the organisation who was shut out, and may hear that.</summary>
    public bool IsDisabled { get; init; }

    public bool IsServerAdmin { get; init; }

    /// <summary>The permission which alone decides what this caller may; null for one who is tried on every route.</summary>
    public string? Probes { get; init; }

    public bool IsKey => Token?.StartsWith(ApiKeys.Prefix, StringComparison.Ordinal) == true;

    /// <summary>One of every fixed role, and everybody who should get nowhere.</summary>
    public static async Task<IReadOnlyList<TestCaller>> BaseAsync(ApiServer server)
    {
        var callers = new List<TestCaller>
        {
            new("nobody", null, null) { IsNobody = true },
            new("a wrong session", null, null) { WrongToken = SessionToken.New() },
            new("a wrong API key", null, null) { WrongToken = KeyToken.New().ToText(ApiKeys.Prefix) },
            new("owner", server.Sessions.Begin(ApiServer.Owner), Keyhole.Control.Permissions.All),
            new("admin", server.Sessions.Begin(ApiServer.Admin), [.. Keyhole.Control.Permissions.All.Where(permission => permission is not ("organisation:delete" or "owners:write"))]),
            new("member", server.Sessions.Begin(ApiServer.Member), []),
            new("server admin", server.Sessions.Begin(ApiServer.Root, serverAdmin: true), null) { IsServerAdmin = true },
            new("stranger", server.Sessions.Begin("stranger@example.com"), null),
        };
        (await server.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs", """{"name":"globex"}""")).Expect(HttpStatusCode.Created);
        (await server.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs/globex/users", """{"email":"gus@example.com","roles":["owner"]}""")).Expect(HttpStatusCode.Created);
        callers.Add(new("owner of another organisation", server.Sessions.Begin("gus@example.com"), null));
        callers.Add(new("API key of another organisation", await KeyAsync(server, "gus@example.com", "globex", "all", Keyhole.Control.Permissions.All), null));
        (await server.PostAsync(ApiServer.Owner, "/users", """{"email":"dora@example.com","roles":["owner"],"disabled":true}""")).Expect(HttpStatusCode.Created);
        callers.Add(new("disabled owner", server.Sessions.Begin("dora@example.com"), null) { IsDisabled = true });
        callers.Add(new("API key whose maker lost everything", await KeyOfLoserAsync(server), []));
        return callers;
    }

    /// <summary>Those and, for every permission, one who holds nothing else and one who holds everything else, as a user and by an API key.</summary>
    public static async Task<IReadOnlyList<TestCaller>> AllAsync(ApiServer server)
    {
        List<TestCaller> callers = [.. await BaseAsync(server)];
        int number = 0;
        foreach (string permission in Keyhole.Control.Permissions.All)
        {
            callers.AddRange(await PairAsync(server, $"only-{++number}", permission, [permission]));
            callers.AddRange(await PairAsync(server, $"without-{number}", permission, [.. Keyhole.Control.Permissions.All.Where(other => other != permission)]));
        }

        return callers;
    }

    public static async Task<string> KeyAsync(ApiServer server, string maker, string organisation, string name, IEnumerable<string> scopes, string? expires = null)
    {
        string json = $$"""{"name":"{{name}}","scopes":[{{string.Join(',', scopes.Select(scope => $"\"{scope}\""))}}]{{(expires is null ? "" : $",\"expires\":\"{expires}\"")}}}""";
        return (await server.SendAsync(maker, HttpMethod.Post, $"/api/v1/orgs/{organisation}/api-keys", json)).Expect(HttpStatusCode.Created).Json.GetProperty("key").GetString()!;
    }

    private static async Task<IReadOnlyList<TestCaller>> PairAsync(ApiServer server, string name, string probed, IReadOnlyList<string> permissions)
    {
        string list = string.Join(',', permissions.Select(permission => $"\"{permission}\""));
        (await server.PostAsync(ApiServer.Owner, "/roles", $$"""{"name":"{{name}}","permissions":[{{list}}]}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/users", $$"""{"email":"{{name}}@example.com","roles":["{{name}}"]}""")).Expect(HttpStatusCode.Created);
        return
        [
            new($"user {name} {probed}", server.Sessions.Begin($"{name}@example.com"), permissions) { Probes = probed },
            new($"API key {name} {probed}", await KeyAsync(server, ApiServer.Owner, "acme", name, permissions), permissions) { Probes = probed },
        ];
    }

    private static async Task<string> KeyOfLoserAsync(ApiServer server)
    {
        (await server.PostAsync(ApiServer.Owner, "/users", """{"email":"lou@example.com","roles":["admin"]}""")).Expect(HttpStatusCode.Created);
        string key = await KeyAsync(server, "lou@example.com", "acme", "lost", Keyhole.Control.Permissions.OfAdmin);
        (await server.PatchAsync(ApiServer.Owner, "/users/lou@example.com", """{"roles":["member"]}""")).Expect(HttpStatusCode.OK);
        return key;
    }
}
