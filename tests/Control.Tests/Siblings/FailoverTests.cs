using System.Diagnostics;

namespace Keyhole.Control.Tests;

/// <summary>Two server processes on one PostgreSQL database and a real connector that knows both.</summary>
[Collection(AloneCollection.Name)]
public sealed class FailoverTests(PostgresServer postgres) : IDisposable
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _root = RunningControl.NewDirectory();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task The_agents_of_a_server_that_was_killed_move_to_another_within_five_seconds()
    {
        string database = await postgres.CreateAsync();
        string one = Path.Combine(_root, "one"), two = Path.Combine(_root, "two");
        DataDirectory.Create(_root);
        using var first = await ControlProcess.ServeAsync(one, database);
        DataDirectory.Create(two);
        File.Copy(Path.Combine(one, "control.key"), Path.Combine(two, "control.key"));
        using var second = await ControlProcess.ServeAsync(two, database);
        using var atFirst = new OperatorClient(DataDirectory.Open(one));
        using var atSecond = new OperatorClient(DataDirectory.Open(two));
        string text = Samples.Acme.Replace("203.0.113.10:21820", "127.0.0.1:9", StringComparison.Ordinal);
        Assert.True((await ApplyAsync(atFirst, text)).Applied);
        var credential = await atFirst.PostAsync(
            OperatorRoutes.Credentials, new CredentialRequest(AgentKind.Connector, "office-1"), OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer);

        using var connector = StartConnector(credential, first.Address, second.Address);
        using var ending = new Ending(connector);
        await UntilAsync(Patience, async () => await LinkAsync(atSecond) is { Connected: true, UpToDate: true });
        long before = (await LinkAsync(atSecond))?.AckedRevision ?? 0;

        var killedAt = DateTimeOffset.UtcNow;
        await first.KillAsync();
        await UntilAsync(Promise, async () => await LinkAsync(atSecond) is { Connected: true, UpToDate: true } link && link.ConnectedAt >= killedAt);

        // And it follows the one that is left, which reports so.
        var answer = await ApplyAsync(atSecond, text.Replace("icmp: true", "icmp: false", StringComparison.Ordinal));
        await UntilAsync(Patience, async () => (await LinkAsync(atSecond))?.AckedRevision == answer.Revision);
        Assert.True(answer.Revision > before);
    }

    /// <summary>Null while the server does not know the network yet.</summary>
    private static async Task<AgentStatus?> LinkAsync(OperatorClient client) =>
        (await client.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer)).Agents.SingleOrDefault(agent => agent.Kind == "connector")?.Link;

    private static Task<ApplyAnswer> ApplyAsync(OperatorClient client, string text) =>
        client.PostAsync(OperatorRoutes.Apply, new ApplyRequest(text, false, null), OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer);

    private Process StartConnector(CredentialAnswer credential, params Uri[] endpoints)
    {
        string secret = Path.Combine(_root, "secret");
        using (var file = new FileStream(secret, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            file.Write(System.Text.Encoding.ASCII.GetBytes(credential.Secret));
        return Process.Start(new ProcessStartInfo("dotnet",
        [
            // Beside a web application, what the two share comes from the web framework.
            "exec", "--runtimeconfig", Path.Combine(AppContext.BaseDirectory, "keyhole-control.runtimeconfig.json"), Path.Combine(AppContext.BaseDirectory, "keyhole-connector.dll"),
            .. endpoints.SelectMany(endpoint => new[] { "--endpoint", endpoint.ToString() }),
            "--id", credential.Id, "--secret-file", secret, "--data", Path.Combine(_root, "connector"), "--log", "none",
        ]))!;
    }

    private static async Task UntilAsync(TimeSpan limit, Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < limit, $"not within {limit.TotalSeconds} s");
            await Task.Delay(50);
        }
    }

    /// <summary>No process is left behind, however the test ends.</summary>
    private sealed class Ending(Process process) : IDisposable
    {
        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}
