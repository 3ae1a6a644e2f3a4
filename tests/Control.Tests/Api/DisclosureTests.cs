using System.Collections.Concurrent;
using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Keyhole.Control.Tests;

/// <summary>A secret is in the one answer that shows it, and in no other, whoever asks.</summary>
public partial class DisclosureTests
{
    /// <summary>Words that a member of an answer may not have, but for these whole names.</summary>
    [GeneratedRegex("secret|password|token|hash|private|preshared|psk|totp|seal|(^|[a-z])key$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretShaped();

    private static readonly string[] Harmless = ["PublicKey", "ReportedKey", "GeneratedKey", "Sealed", "AuditView.Hash", "ConfigMade.HasPrivateKey", "SshSignAnswer.SealedPassword"];

    /// <summary>The answers that show a secret, once.</summary>
    private static readonly string[] Shown =
    [
        "CredentialMade.Secret", "DeviceEnrolled.Secret", "Provisioned.Secret", "ApiKeyMade.Key", "ProvisioningKeyMade.Key",
    ];

    private static IEnumerable<string> SecretMembers(Type type, HashSet<Type>? seen = null)
    {
        seen ??= [];
        if (type.IsArray)
            return SecretMembers(type.GetElementType()!, seen);
        var inner = type.IsGenericType ? type.GetGenericArguments().SelectMany(argument => SecretMembers(argument, seen)).ToList() : [];
        if (type.Assembly.GetName().Name?.StartsWith("System", StringComparison.Ordinal) == true || type.Assembly.GetName().Name!.StartsWith("Microsoft", StringComparison.Ordinal) || !seen.Add(type))
            return inner;
        return inner.Concat(type.GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(property =>
            (SecretShaped().IsMatch(property.Name) && !Harmless.Contains(property.Name) && !Harmless.Contains($"{type.Name}.{property.Name}") ? [$"{type.Name}.{property.Name}"] : Enumerable.Empty<string>())
                .Concat(SecretMembers(property.PropertyType, seen))));
    }

    [Fact]
    [Trait("Threat", "29")]
    public async Task No_answer_of_any_route_has_a_member_that_looks_like_a_secret_but_those_that_show_one_once()
    {
        // What is looked for is found: in a type that holds it deep inside.
        Assert.Equal(["Credential.Hash"], SecretMembers(typeof(Page<Credential>)));
        await using var server = await ApiServer.StartAsync();
        var types = server.Control.Server.PublicServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.Contains("/orgs", StringComparison.Ordinal) || endpoint.RoutePattern.RawText!.EndsWith("/provision", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()).Select(produced => produced.Type).OfType<Type>().Distinct().ToList();
        Assert.True(types.Count > 30, $"only {types.Count} types");
        Assert.Equal(Shown.Order(StringComparer.Ordinal), types.SelectMany(type => SecretMembers(type)).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Threat", "29")]
    [Trait("Threat", "32")]
    public async Task No_answer_to_anybody_and_no_file_holds_a_secret_that_was_shown()
    {
        await using var server = await ApiServer.StartAsync();
        var secrets = await ShowSecretsAsync(server);
        Assert.Equal(9, secrets.Count);
        var callers = await TestCaller.BaseAsync(server);
        secrets.AddRange(server.Network.Ledger.State.Credentials.Select(credential => credential.Hash));
        secrets.AddRange(server.Network.Ledger.State.Peers.Select(peer => peer.SealedPresharedKey).OfType<string>());
        var names = new Dictionary<string, string>
        {
            ["users"] = "mia@example.com", ["roles"] = "staff", ["sites"] = "office", ["connectors"] = "office-1", ["relays"] = "vps", ["resources"] = "web", ["devices"] = "laptop",
            ["machines"] = "ci", ["external-clients"] = "phone", ["api-keys"] = "reader", ["provisioning-keys"] = "fleet",
        };
        var addresses = server.Control.Server.PublicServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true)
            .Select(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').Replace("{org}", "acme", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal))
            .Select(pattern => names.FirstOrDefault(name => pattern.Contains($"/{name.Key}/{{name}}", StringComparison.Ordinal)) is { Key: { } kind, Value: var name } ? pattern.Replace($"{kind}/{{name}}", $"{kind}/{name}", StringComparison.Ordinal) : pattern)
            .ToList();
        int read = 0;
        var found = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(addresses, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (address, _) =>
        {
            foreach (var caller in callers)
            {
                var answer = await server.SendWithTokenAsync(caller.Token ?? caller.WrongToken, HttpMethod.Get, address);
                if (answer.Status == HttpStatusCode.OK)
                    Interlocked.Increment(ref read);
                if (secrets.Any(secret => answer.Text.Contains(secret, StringComparison.Ordinal)))
                    found.Enqueue($"{address} as {caller.Name}");
            }
        });
        Assert.Empty(found);
        Assert.True(read > 40, $"only {read} answers were read");

        // Neither the log nor a stolen database holds what was shown; hashes it does.
        Assert.DoesNotContain(server.Control.Log.Lines, line => secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal)));
        string directory = server.Control.Directory;
        foreach (string file in Directory.EnumerateFiles(directory, "control.db*"))
        {
            string content = await ReadSharedAsync(file);
            Assert.DoesNotContain(secrets.Take(9), secret => content.Contains(secret, StringComparison.Ordinal));
        }
    }

    /// <summary>Makes everything that shows a secret once, and gives back what was shown.</summary>
    internal static async Task<List<string>> ShowSecretsAsync(ApiServer server)
    {
        async Task<string> ShownAsync(string path, string json, string member) =>
            (await server.PostAsync(ApiServer.Owner, path, json)).Expect(HttpStatusCode.Created).Json.GetProperty(member).GetString()!;
        string fleet = await ShownAsync("/provisioning-keys", """{"name":"fleet","kind":"machine"}""", "key");
        var provisioned = (await server.SendWithTokenAsync(null, HttpMethod.Post, "/api/v1/provision", $$"""{"key":"{{fleet}}"}""")).Expect(HttpStatusCode.Created);
        string session = server.Sessions.Begin(ApiServer.Member);
        var device = await server.SendWithTokenAsync(session, HttpMethod.Post, "/devices", $$"""{"name":"laptop","publicKey":"{{TestAgent.NewPublicKey()}}"}""");
        string link = await ShownAsync("/invitations", """{"email":"ivy@example.com"}""", "link");
        string reader = await ShownAsync("/api-keys", """{"name":"reader","scopes":["sites:read"]}""", "key");
        return
        [
            await ShownAsync("/machines/ci/credentials", "{}", "secret"),
            await ShownAsync("/connectors/office-1/credentials", "{}", "secret"),
            await ShownAsync("/relays/vps/credentials", "{}", "secret"),
            fleet.Split('_', 3)[2],
            provisioned.Json.GetProperty("secret").GetString()!,
            session,
            device.Expect(HttpStatusCode.Created).Json.GetProperty("secret").GetString()!,
            link.Split('/')[^1].Split('_', 3)[2],
            reader.Split('_', 3)[2],
        ];
    }

    private static async Task<string> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }
}
