namespace Keyhole.Control.Tests;

/// <summary>A server whose data directory is on a disk of two megabytes.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _directory = RunningControl.NewDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    [Trait("Threat", "38")]
    public async Task A_full_disk_refuses_changes_clearly_and_agents_go_on()
    {
        using var server = await ControlProcess.ServeOnSmallDiskAsync(_directory, "2m");
        string inside = server.Reach(_directory);
        using var client = new OperatorClient(DataDirectory.Open(inside));
        var applied = await ApplyAsync(client, Samples.Acme);
        var credential = await client.PostAsync(
            OperatorRoutes.Credentials, new CredentialRequest(AgentKind.Relay, "vps"), OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer);
        using var relay = await TestAgent.ConnectAsync(server.Address, credential, AgentKind.Relay);
        await relay.HelloAsync();
        await relay.ReadTableAsync();
        await relay.AckAsync();
        long revision = relay.Table!.Revision;
        using var end = new CancellationTokenSource();
        var listening = relay.ListenAsync(end.Token);

        string ballast = Path.Combine(inside, "ballast");
        Fill(ballast);
        string large = Samples.Acme.Replace("machines: [ci]", $"machines: [ci, {string.Join(", ", Enumerable.Range(0, 3000).Select(i => $"m{i}"))}]", StringComparison.Ordinal);
        for (int i = 0; i < 3; i++)
        {
            var refused = await Assert.ThrowsAsync<OperatorException>(() => ApplyAsync(client, large));
            Assert.True(refused.Message.Contains("is full: nothing was changed; make room and try again", StringComparison.Ordinal), refused.Message);
        }

        // The network stands as it was, and so do those who live by it.
        var status = await StatusAsync(client);
        Assert.Equal((revision, true), (status.Revision, status.Agents.Single(agent => agent.Kind == "relay").Link.Connected));
        Assert.True(applied.Revision <= revision);
        using (var again = await TestAgent.ConnectAsync(server.Address, credential, AgentKind.Relay, relay.PublicKey))
        {
            await again.HelloAsync();
            await again.ReadTableAsync();
            Assert.Equal(revision, again.Table!.Revision);
            await again.AckAsync();

            File.Delete(ballast);
            Assert.Equal(revision + 1, (await ApplyAsync(client, Samples.Acme.Replace("icmp: true", "icmp: false", StringComparison.Ordinal))).Revision);
            Assert.IsType<DeltaMessage>(await again.ReadTableAsync());
        }

        // The new connection took the place of the old one, whose listener has ended or fails when it is called off.
        await end.CancelAsync();
        await listening.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var (exitCode, errors) = await server.StopAsync();
        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("Exception", errors, StringComparison.Ordinal);
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full to the last page.
        }
    }

    private static Task<ApplyAnswer> ApplyAsync(OperatorClient client, string text) =>
        client.PostAsync(OperatorRoutes.Apply, new ApplyRequest(text, false, null), OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer);

    private static Task<StatusAnswer> StatusAsync(OperatorClient client) => client.GetAsync(OperatorRoutes.Status, OperatorJson.Default.StatusAnswer);
}
