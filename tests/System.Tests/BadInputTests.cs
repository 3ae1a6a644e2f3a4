using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>What an operator meets when something is wrong: one clear line, never a crash.</summary>
[SideBySide]
public class BadInputTests
{
    [LabFact("setpriv")]
    public void A_wrong_secret_is_one_clear_line_and_a_backoff()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        string data = Directory.CreateTempSubdirectory("keyhole-bad-").FullName;
        File.WriteAllText(Path.Combine(data, "secret"), "wrong-wrong-wrong");
        File.SetUnixFileMode(Path.Combine(data, "secret"), UnixFileMode.UserRead);
        var connector = world.Topology.Start(world.Office, Programs.Connector, "--endpoint", $"http://{World.RelayAddress}:8080", "--allow-http",
            "--id", "nobody", "--secret-file", Path.Combine(data, "secret"), "--data", data);
        connector.WaitForLine("(?i)(refused|wrong|not accepted).*(id|secret)|(id|secret).*(refused|wrong|not accepted)", Network.Patience);
        Thread.Sleep(1500);
        Assert.False(connector.HasExited);
        Assert.DoesNotContain("wrong-wrong-wrong", connector.Tail(100), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", connector.Tail(100), StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [LabFact("setpriv")]
    public void A_relay_port_in_use_is_one_clear_line()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.Relay.WaitForLine("21820", Network.Patience);
        string data = Directory.CreateTempSubdirectory("keyhole-bad-").FullName;
        File.WriteAllText(Path.Combine(data, "secret"), "s");
        File.SetUnixFileMode(Path.Combine(data, "secret"), UnixFileMode.UserRead);
        var second = world.Topology.Start(world.Vps, Programs.Relay, "--endpoint", "http://127.0.0.1:1", "--id", "x",
            "--secret-file", Path.Combine(data, "secret"), "--data", data, "--listen", $"{World.RelayAddress}:21820");
        Assert.NotEqual(0, second.WaitForExit(Network.Patience));
        Assert.Contains($"{World.RelayAddress}:21820", second.Tail(5), StringComparison.Ordinal);
        Assert.Contains("in use", second.Tail(5), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Tail(50), StringComparison.Ordinal);
        Assert.False(network.Relay.HasExited);
        Directory.Delete(data, recursive: true);
    }

    [LabFact("setpriv")]
    public void A_data_directory_serves_one_process_at_a_time()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.Relay.WaitForLine("21820", Network.Patience);
        var first = network.Relay;
        network.RestartRelay();
        Assert.NotEqual(0, network.Relay.WaitForExit(Network.Patience));
        Assert.Contains("data directory", network.Relay.Tail(5), StringComparison.OrdinalIgnoreCase);
        Assert.False(first.HasExited);
    }

    [Fact]
    public void A_data_directory_that_others_can_read_is_refused_with_the_command_that_mends_it()
    {
        string data = Directory.CreateTempSubdirectory("keyhole-bad-").FullName;
        File.WriteAllText(Path.Combine(data, "secret"), "s");
        File.SetUnixFileMode(Path.Combine(data, "secret"), UnixFileMode.UserRead);
        File.SetUnixFileMode(data, (UnixFileMode)0b111_101_101);
        foreach (string program in new[] { Programs.Relay, Programs.Connector })
        {
            var (status, output, error) = Programs.Run(program, "--endpoint", "http://127.0.0.1:1", "--id", "x", "--secret-file", Path.Combine(data, "secret"), "--data", data);
            Assert.NotEqual(0, status);
            Assert.Contains("chmod", error + output, StringComparison.Ordinal);
            Assert.Contains(data, error + output, StringComparison.Ordinal);
        }

        var control = Programs.Run(Programs.Control, "serve", "--data", data, "--listen", "http://127.0.0.1:0");
        Assert.NotEqual(0, control.Status);
        Assert.Contains("chmod", control.Error + control.Output, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [LabFact("unshare", "mount")]
    public void A_missing_library_is_named_with_its_package()
    {
        string data = Directory.CreateTempSubdirectory("keyhole-bad-").FullName;
        File.WriteAllText(Path.Combine(data, "secret"), "s");
        File.SetUnixFileMode(Path.Combine(data, "secret"), UnixFileMode.UserRead);
        // In a mount namespace of its own, every copy of the library becomes an empty file.
        string script = $"for f in /usr/lib/*/libsodium.so* /lib/*/libsodium.so*; do mount --bind /dev/null \"$f\" 2>/dev/null; done; exec \"$@\"";
        var (status, output, error) = LabProcess.Execute("unshare", "-m", "sh", "-c", script, "sh", Programs.Relay,
            "--endpoint", "http://127.0.0.1:1", "--id", "x", "--secret-file", Path.Combine(data, "secret"), "--data", data);
        Assert.NotEqual(0, status);
        Assert.Contains("libsodium23", error + output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error + output, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public void Http_to_another_machine_needs_to_be_allowed()
    {
        string data = Directory.CreateTempSubdirectory("keyhole-bad-").FullName;
        File.WriteAllText(Path.Combine(data, "secret"), "s");
        var (status, output, error) = Programs.Run(Programs.Connector, "--endpoint", "http://203.0.113.10:8080", "--id", "x", "--secret-file", Path.Combine(data, "secret"), "--data", data);
        Assert.NotEqual(0, status);
        Assert.Contains("--allow-http", error + output, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }
}
