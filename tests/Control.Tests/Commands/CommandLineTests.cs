using System.Text.Json;

namespace Keyhole.Control.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _directory = RunningControl.NewDirectory();
    private readonly string _file = Path.GetTempFileName();

    public CommandLineTests() => File.WriteAllText(_file, Samples.Acme);

    public void Dispose()
    {
        File.Delete(_file);
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_operator_serves_plans_applies_and_hands_out_credentials()
    {
        using var server = await ControlProcess.ServeAsync(_directory);
        var plan = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory, "--plan");
        Assert.Equal((0, ""), (plan.ExitCode, plan.Error));
        Assert.Contains("+ resource web", plan.Output, StringComparison.Ordinal);
        Assert.EndsWith("12 to add, 0 to change, 0 to remove.\n", plan.Output, StringComparison.Ordinal);
        var apply = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory);
        Assert.Equal(0, apply.ExitCode);
        Assert.EndsWith("Applied as revision 1.\n  relay vps does not follow it yet: not connected.\n  connector office-1 does not follow it yet: not connected.\n", apply.Output, StringComparison.Ordinal);
        var again = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory, "--yes", "--json");
        using (var answer = JsonDocument.Parse(again.Output))
        {
            Assert.False(answer.RootElement.GetProperty("applied").GetBoolean());
            Assert.Equal(1, answer.RootElement.GetProperty("revision").GetInt64());
        }

        var credentials = await ControlProcess.RunAsync("credentials", "relay", "vps", "--data", _directory, "--json");
        var credential = JsonSerializer.Deserialize(credentials.Output, OperatorJson.Default.CredentialAnswer)!;
        using var relay = await TestAgent.ConnectAsync(server.Address, credential, AgentKind.Relay);
        await relay.HelloAsync();
        await relay.ReadTableAsync();
        await relay.AckAsync();
        var config = await ControlProcess.RunAsync("external-client", "config", "phone", "--data", _directory);
        Assert.Equal(0, config.ExitCode);
        Assert.StartsWith("# phone of acme\n", config.Output, StringComparison.Ordinal);
        Assert.Contains("\nPrivateKey = ", config.Output, StringComparison.Ordinal);
        var key = await ControlProcess.RunAsync("provisioning-key", "create", "fleet", "--connector", "office", "--uses", "2", "--data", _directory, "--json");
        Assert.StartsWith(ProvisioningKeys.Prefix, JsonSerializer.Deserialize(key.Output, OperatorJson.Default.ProvisioningKeyMade)!.Key, StringComparison.Ordinal);
        var nowhere = await ControlProcess.RunAsync("provisioning-key", "create", "other", "--connector", "nowhere", "--data", _directory);
        Assert.Equal((1, "keyhole-control: site: no site is named \"nowhere\"\n"), (nowhere.ExitCode, nowhere.Error));
        var unknown = await ControlProcess.RunAsync("credentials", "connector", "offfice-1", "--data", _directory);
        Assert.Equal((1, "keyhole-control: no connector is named \"offfice-1\"; did you mean \"office-1\"?\n"), (unknown.ExitCode, unknown.Error));
        var status = await ControlProcess.RunAsync("status", "--data", _directory, "--json");
        Assert.Equal("acme", JsonSerializer.Deserialize(status.Output, OperatorJson.Default.StatusAnswer)!.Organisation);
        var export = await ControlProcess.RunAsync("export", "--data", _directory);
        File.WriteAllText(_file, export.Output);
        Assert.Equal("Nothing to do: the network is as described.\n", (await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory)).Output);

        var (exitCode, errors) = await server.StopAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("Serving ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(credential.Secret, errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory, "control.sock")));
    }

    [Fact]
    public async Task What_is_wrong_is_said_with_exit_code_1_also_while_no_server_runs()
    {
        DataDirectory.Create(_directory);
        var absent = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory);
        Assert.Equal((1, $"keyhole-control: no server is running on {_directory}; start it with: keyhole-control serve --data {_directory}\n"), (absent.ExitCode, absent.Error));
        File.WriteAllText(_file, "version: 1\norg: acme\nrole: [staff]\n");
        var wrong = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Equal($"{_file}:3:1: \"role\": unknown key; did you mean \"roles\"?\n1 error in {_file}: nothing was applied.\n", wrong.Error);
        var json = await ControlProcess.RunAsync("apply", "-f", _file, "--data", _directory, "--json");
        using var document = JsonDocument.Parse(json.Output);
        var error = document.RootElement.GetProperty("errors")[0];
        Assert.Equal((1, 3, 1, "role"), (json.ExitCode, error.GetProperty("line").GetInt32(), error.GetProperty("column").GetInt32(), error.GetProperty("value").GetString()));
        File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory) | UnixFileMode.OtherRead);
        var open = await ControlProcess.RunAsync("serve", "--data", _directory);
        Assert.Equal((1, $"keyhole-control: the data directory {_directory} is open to other users (mode 704); it holds secrets: chmod 700 {_directory}\n"), (open.ExitCode, open.Error));
    }

    [Fact]
    public async Task Nothing_that_was_acknowledged_is_lost_by_kill_9()
    {
        int kills = Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? 100 : 10;
        long acknowledged = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            using var server = await ControlProcess.ServeAsync(_directory);
            using var client = new OperatorClient(DataDirectory.Open(_directory));
            var status = await client.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer);
            Assert.InRange(status.Revision, acknowledged, acknowledged + 1);
            acknowledged = status.Revision;
            var killing = Task.CompletedTask;
            try
            {
                for (int port = 1; ; port++)
                {
                    string text = Samples.Acme.Replace("tcp: \"80,443,8000-8100\"", $"tcp: \"{kill % 60 * 1000 + port}\"", StringComparison.Ordinal);
                    var answer = await client.PostAsync(OperatorRoutes.Apply, new ApplyRequest(text, false, null), OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer);
                    Assert.Equal(acknowledged + 1, answer.Revision);
                    acknowledged = answer.Revision;
                    if (port == 1)
                        killing = Task.Delay(10 + kill * 7 % 100).ContinueWith(_ => server.KillAsync(), TaskScheduler.Default).Unwrap();
                }
            }
            catch (OperatorException)
            {
                await killing;
            }
        }

        Assert.True(acknowledged >= kills);
        using var store = NetworkStore.Open(DataDirectory.Open(_directory), TimeProvider.System);
        Assert.Equal("ok", store.Database.Read(connection => Dapper.SqlMapper.QuerySingle<string>(connection, "PRAGMA integrity_check")));
        Assert.InRange(store.Load(1)!.State.Revision, acknowledged, acknowledged + 1);
    }

    [Fact]
    public async Task On_a_terminal_the_operator_is_asked()
    {
        await using var control = await RunningControl.StartAsync();
        async Task<(int ExitCode, string Output, string Error)> ApplyAsync(bool answer, params string[] more)
        {
            var output = new StringWriter();
            var error = new StringWriter();
            var terminal = new Terminal(output, error, TextReader.Null, question =>
            {
                error.Write(question);
                return answer;
            });
            int exitCode = await Commands.Create(terminal).Parse(["apply", "-f", _file, "--data", control.Directory, .. more]).InvokeAsync();
            return (exitCode, output.ToString(), error.ToString());
        }

        var refused = await ApplyAsync(answer: false);
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.EndsWith("12 to add, 0 to change, 0 to remove.\nApply?Nothing was applied.\n", refused.Error, StringComparison.Ordinal);
        Assert.Empty(control.Server.Networks.All);
        var accepted = await ApplyAsync(answer: true);
        Assert.Equal(0, accepted.ExitCode);
        Assert.StartsWith("Applied as revision 1.\n", accepted.Output, StringComparison.Ordinal);
        var nothing = await ApplyAsync(answer: false);
        Assert.Equal((0, "Nothing to do: the network is as described.\n", ""), nothing);
        File.WriteAllText(_file, Samples.Acme.Replace("machines: [ci]\n", "machines: [ci, cd]\n", StringComparison.Ordinal));
        Assert.Equal("", (await ApplyAsync(answer: false, "--yes")).Error);
        Assert.Equal(2, control.Ledger.State.Revision);
    }

    [Fact]
    public async Task A_plan_that_the_network_has_outgrown_is_not_applied()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var stale = await Assert.ThrowsAsync<OperatorException>(() => control.Operator.PostAsync(
            OperatorRoutes.Apply, new ApplyRequest(Samples.Acme, false, FromRevision: 0), OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer));
        Assert.Contains("the network changed since the plan (revision 0 is now 1)", stale.Message, StringComparison.Ordinal);
    }
}
