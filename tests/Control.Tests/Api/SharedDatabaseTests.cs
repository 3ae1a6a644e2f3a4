using System.Net;
using Dapper;
using Npgsql;

namespace Keyhole.Control.Tests;

/// <summary>Two servers on one PostgreSQL database: what one makes the other knows, and what is used once is used once.</summary>
[Collection(PostgresCollection.Name)]
public class SharedDatabaseTests(PostgresServer postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    [Trait("Threat", "31")]
    public async Task Keys_and_invitations_of_one_server_work_once_at_either()
    {
        string database = await postgres.CreateAsync();
        await using var first = await ApiServer.StartAsync(database);
        await using var second = await first.StartSecondAsync(database);
        ApiServer[] servers = [first, second];
        string key = await TestCaller.KeyAsync(first, ApiServer.Owner, "acme", "ci", ["sites:read", "audit:read"]);
        (await second.SendWithTokenAsync(key, HttpMethod.Get, "/sites")).Expect(HttpStatusCode.OK);
        (await second.SendWithTokenAsync(key, HttpMethod.Get, "/audit?limit=1")).Expect(HttpStatusCode.OK);

        string fleet = (await first.PostAsync(ApiServer.Owner, "/provisioning-keys", """{"name":"fleet","kind":"machine"}""")).Expect(HttpStatusCode.Created).Json.GetProperty("key").GetString()!;
        var uses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => servers[i % 2].SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{fleet}}","name":"m-{{i}}"}""")));
        var won = Assert.Single(uses, answer => answer.Status == HttpStatusCode.Created);
        string name = won.Json.GetProperty("name").GetString()!;

        string link = (await second.PostAsync(ApiServer.Admin, "/invitations", """{"email":"ivy@example.com"}""")).Expect(HttpStatusCode.Created).Json.GetProperty("link").GetString()!;
        string body = $$"""{"token":"{{link.Split('/')[^1]}}"}""";
        var accepted = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => servers[i % 2].SendAsync("ivy@example.com", HttpMethod.Post, "/api/v1/invitations/accept", body)));
        Assert.Single(accepted, answer => answer.Status == HttpStatusCode.OK);

        // A change at one is seen at the other, and a version that was read there is still held against it.
        foreach (var server in servers)
            await UntilAsync(async () => (await server.GetAsync(ApiServer.Owner, $"/machines/{name}")).Status == HttpStatusCode.OK && (await server.SendAsync("ivy@example.com", HttpMethod.Get, ApiServer.Acme)).Status == HttpStatusCode.OK);
        string tag = (await second.GetAsync(ApiServer.Owner, "/resources/web")).ETag!;
        (await first.PatchAsync(ApiServer.Owner, "/resources/web", """{"tcp":"22"}""", tag)).Expect(HttpStatusCode.OK);
        (await second.PatchAsync(ApiServer.Owner, "/resources/web", """{"tcp":"23"}""", tag)).Expect(HttpStatusCode.PreconditionFailed);

        (await second.DeleteAsync(ApiServer.Owner, "/api-keys/ci")).Expect(HttpStatusCode.NoContent);
        // The failed uses above came from the same address: its wrong tokens are turned away cheaply by now.
        Assert.True((await first.SendWithTokenAsync(key, HttpMethod.Get, "/sites")).Status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests);
        // This server may not have heard of the newest version yet, and no older one is good enough.
        await UntilAsync(async () => (await second.DeleteAsync(ApiServer.Owner, ApiServer.Acme, (await second.GetAsync(ApiServer.Owner, ApiServer.Acme)).ETag)).Status == HttpStatusCode.NoContent);
        await UntilAsync(async () => (await first.GetAsync(ApiServer.Owner, ApiServer.Acme)).Status == HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_two_servers_make_at_once_is_a_conflict_at_the_second()
    {
        string database = await postgres.CreateAsync();
        await using var server = await ApiServer.StartAsync(database);
        // As another server makes it, in the moment before its word comes.
        await using (var other = new NpgsqlConnection(database))
        {
            await other.ExecuteAsync(
                """
                INSERT INTO organisation (name, overlay_ipv6, revision, change_number, next_id, next_client, next_resource_ipv4, next_resource_ipv6, next_subnet)
                SELECT 'Globex', overlay_ipv6, revision, change_number, next_id, next_client, next_resource_ipv4, next_resource_ipv6, next_subnet FROM organisation
                """);
        }

        var answer = (await server.SendAsync(ApiServer.Root, HttpMethod.Post, "/api/v1/orgs", """{"name":"globex"}""")).Expect(HttpStatusCode.Conflict);
        Assert.Contains("has just made the same", answer.Text, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await condition())
            await Task.Delay(50, deadline.Token);
    }
}
