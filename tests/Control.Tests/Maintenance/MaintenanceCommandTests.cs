using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control.Tests;

/// <summary>The audit log and backups as an operator meets them: the built program.</summary>
public sealed class MaintenanceCommandTests : IDisposable
{
    private readonly string _root = DataDirectory.Create(RunningControl.NewDirectory()).Path;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    [Trait("Promise", "O10")]
    [Trait("Promise", "O13")]
    public async Task An_operator_reads_and_verifies_the_audit_log_and_moves_a_server_by_a_backup()
    {
        string file = Path.Combine(_root, "network.yaml"), backup = Path.Combine(_root, "all.backup"), one = Path.Combine(_root, "one"), two = Path.Combine(_root, "two");
        await File.WriteAllTextAsync(file, Samples.Acme);
        string export;
        using (var server = await ControlProcess.ServeAsync(one))
        {
            await ControlProcess.RunAsync("apply", "-f", file, "--data", one);
            await ControlProcess.RunAsync("credentials", "relay", "vps", "--data", one);
            var list = await ControlProcess.RunAsync("audit", "list", "--data", one, "--org", "acme");
            Assert.Equal((0, ""), (list.ExitCode, list.Error));
            string[] lines = list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(2, lines.Length);
            Assert.Matches(@"^1 \d{4}-\d\d-\d\dT[\d:.]+Z acme operator apply org acme: ", lines[0]);
            Assert.Matches(@"^2 .* acme operator rotate-credential relay vps: relay-[a-z0-9]{12}$", lines[1]);
            var json = await ControlProcess.RunAsync("audit", "list", "--data", one, "--limit", "1", "--json");
            using (var answer = JsonDocument.Parse(json.Output))
                Assert.Equal("rotate-credential", Assert.Single(answer.RootElement.GetProperty("rows").EnumerateArray()).GetProperty("action").GetString());
            var verified = await ControlProcess.RunAsync("audit", "verify", "--data", one);
            Assert.Equal(0, verified.ExitCode);
            Assert.StartsWith("2 entries, unbroken; the last hash is ", verified.Output, StringComparison.Ordinal);

            var made = await ControlProcess.RunAsync("backup", backup, "--data", one);
            Assert.Equal((0, ""), (made.ExitCode, made.Error));
            Assert.Contains("control.key", made.Output, StringComparison.Ordinal);
            var twice = await ControlProcess.RunAsync("backup", backup, "--data", one);
            Assert.Equal(1, twice.ExitCode);
            var running = await ControlProcess.RunAsync("restore", backup, "--data", one);
            Assert.Equal((1, $"keyhole-control: another keyhole-control serves {one} already; stop it first, or use another --data directory\n"), (running.ExitCode, running.Error));
            export = (await ControlProcess.RunAsync("export", "--data", one)).Output;
            await server.StopAsync();
        }

        DataDirectory.Create(two);
        File.Copy(Path.Combine(one, "control.key"), Path.Combine(two, "control.key"));
        var restored = await ControlProcess.RunAsync("restore", backup, "--data", two);
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        using (var server = await ControlProcess.ServeAsync(two))
        {
            Assert.Equal(export, (await ControlProcess.RunAsync("export", "--data", two)).Output);
            await server.StopAsync();
        }

        using (var connection = new SqliteConnection($"Data Source={Path.Combine(two, "control.db")};Pooling=False"))
            connection.Execute("UPDATE audit SET actor = 'nobody' WHERE number = 1");
        using var tampered = await ControlProcess.ServeAsync(two);
        var found = await ControlProcess.RunAsync("audit", "verify", "--data", two);
        Assert.Equal((1, "keyhole-control: the audit log is not as it was written: row 1 is not as it was written\n"), (found.ExitCode, found.Error));
        var report = await ControlProcess.RunAsync("audit", "verify", "--data", two, "--json");
        using var parsed = JsonDocument.Parse(report.Output);
        Assert.Equal((1, "row 1 is not as it was written"), (report.ExitCode, parsed.RootElement.GetProperty("problem").GetString()));
    }
}
