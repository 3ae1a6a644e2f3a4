using System.Diagnostics;
using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>A real connector makes itself known with a provisioning key, and comes again without it.</summary>
public sealed class ProvisionedConnectorTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _root = Directory.CreateTempSubdirectory("keyhole-provision-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    [Trait("Promise", "D8")]
    public async Task A_connector_with_nothing_but_a_key_joins_its_site_and_needs_the_key_no_more()
    {
        await using var server = await ApiServer.StartAsync();
        string key = (await server.PostAsync(ApiServer.Owner, "/provisioning-keys", """{"name":"plant","kind":"connector","site":"office"}""")).Expect(HttpStatusCode.Created).Json.GetProperty("key").GetString()!;
        string file = Path.Combine(_root, "key");
        File.WriteAllText(file, key);
        DateTimeOffset first;
        using (Start(server.Control.Address, file))
            first = await ConnectedAsync(server, "office-2", after: default);
        // The key is used up; the ID and secret that it was traded for are in the data directory.
        using (Start(server.Control.Address, file))
            await ConnectedAsync(server, "office-2", after: first);
        Assert.Equal(1, (await server.GetAsync(ApiServer.Owner, "/provisioning-keys/plant")).Json.GetProperty("uses").GetInt32());
        Assert.Equal(2, (await server.GetAsync(ApiServer.Owner, "/sites/office")).Json.GetProperty("connectors").GetArrayLength());
    }

    /// <summary>Waits for a connection that began later than another one, and says when.</summary>
    private static async Task<DateTimeOffset> ConnectedAsync(ApiServer server, string name, DateTimeOffset after)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await server.GetAsync(ApiServer.Owner, $"/connectors/{name}") is { Status: HttpStatusCode.OK } answer
                && answer.Json.GetProperty("link").GetProperty("connectedAt") is { ValueKind: System.Text.Json.JsonValueKind.String } at && at.GetDateTimeOffset() > after)
                return at.GetDateTimeOffset();
            Assert.True(watch.Elapsed < Patience, $"{name} did not connect within {Patience.TotalSeconds} s");
            await Task.Delay(50);
        }
    }

    private Ending Start(Uri control, string keyFile) => new(Process.Start(new ProcessStartInfo("dotnet",
    [
        // Beside a web application, what the two share comes from the web framework.
        "exec", "--runtimeconfig", Path.Combine(AppContext.BaseDirectory, "keyhole-control.runtimeconfig.json"), Path.Combine(AppContext.BaseDirectory, "keyhole-connector.dll"),
        "--endpoint", control.ToString(), "--provisioning-key-file", keyFile, "--provisioning-name", "office-2", "--data", Path.Combine(_root, "connector"), "--log", "none",
    ]))!);

    /// <summary>No process is left behind, however the test ends.</summary>
    private sealed class Ending(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
