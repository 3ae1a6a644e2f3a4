using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// How long packets are on links that carry less than Ethernet, and that change in mid-transfer. Drawing: <see cref="World"/>; the laptop stands where the
/// phone does.
/// </summary>
[SideBySide]
public class MtuTests
{
    private const string Web = "192.168.1.20";

    [LabFact("setpriv", "ping")]
    [Trait("Promise", "A12")]
    public void Transfers_go_on_while_links_change_what_they_carry_and_the_status_shows_it()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");
        Until(network, "direct", 1500);
        using var transfers = new Transfers(world.Phone);

        SetMtu(world, 1400);
        Until(network, "direct", 1400, transfers);
        SetMtu(world, 1370);
        Until(network, "direct", 1370, transfers);
        SetMtu(world, 1500);
        Until(network, "direct", 1500, transfers);

        // What no program may learn from its own interface, whose MTU is the greatest, it is told when it asks for too much.
        SetMtu(world, 1400);
        Until(network, "direct", 1400, transfers);
        int mtu = Expected(network, 1400);
        network.Until("the status shows it", () => network.RunKeyhole(world.Phone, "laptop", ["status", "-v"]).Output.Contains($"MTU {mtu}", StringComparison.Ordinal));
        Assert.Contains("mtu 1420", world.Phone.Ip("link", "show", Interface(network)), StringComparison.Ordinal);
        PingUntil(world, mtu + 1 - 28, "do", $"mtu ?= ?{mtu.ToString(CultureInfo.InvariantCulture)}\\b");
        PingUntil(world, mtu - 28, "do", "1 received");

        // Who lets its packets be cut has them cut, and those that the interface has cut already.
        PingUntil(world, mtu + 1 - 28, "dont", "1 received");
        PingUntil(world, 4000, "dont", "1 received");

        transfers.Stop();
        Assert.True(transfers.Count > 0);
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void Through_the_relay_the_narrower_half_decides()
    {
        using var world = new World();
        using var network = Started(world, new Dictionary<string, string> { ["KEYHOLE_RELAY_ONLY"] = "1" });
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");
        Until(network, "relayed", 1500);
        using var transfers = new Transfers(world.Phone);
        SetMtu(world.OfficeRouter, "out0", world.Internet, "officert0", 1400);
        Until(network, "relayed", 1400, transfers);
        SetMtu(world, 1350);
        Until(network, "relayed", 1350, transfers);
        transfers.Stop();
        Assert.True(transfers.Count > 0);
    }

    /// <summary>Waits until the path has this kind and carries what fits into the link.</summary>
    private static void Until(Network network, string path, int link, Transfers? transfers = null) => network.Until(
        $"packets fit a {path} link of {link}",
        () =>
        {
            transfers?.ThrowIfFailed();
            return Connector(network) is { } connector && connector.GetProperty("path").GetString() == path && connector.GetProperty("mtu").GetInt32() == Expected(network, link);
        },
        () => Connector(network).ToString()!);

    /// <summary>IP, UDP and WireGuard around a multiple of 16, at most 1420.</summary>
    private static int Expected(Network network, int link)
    {
        var connector = network.WaitForMachineStatus("laptop").GetProperty("sites")[0].GetProperty("connectors")[0];
        int header = connector.GetProperty("endpoint").GetString()?.StartsWith('[') == true ? 40 : 20;
        int fits = link - header - 8 - 32;
        return fits >= 1420 ? 1420 : Math.Max(1280, fits / 16 * 16);
    }

    private static void SetMtu(World world, int mtu) => SetMtu(world.HomeRouter, "out0", world.Internet, "home0", mtu);

    private static void SetMtu(NetworkNamespace left, string leftInterface, NetworkNamespace right, string rightInterface, int mtu)
    {
        string number = mtu.ToString(CultureInfo.InvariantCulture);
        left.Ip("link", "set", leftInterface, "mtu", number);
        right.Ip("link", "set", rightInterface, "mtu", number);
    }

    /// <summary>What the kernel remembers of an MTU is taken from it: a path may have been narrower for a moment on a slow machine.</summary>
    private static void PingUntil(World world, int length, string discovery, string expected)
    {
        string output = "";
        for (int attempt = 0; attempt < 5; attempt++)
        {
            LabProcess.Execute("ip", ["netns", "exec", world.Phone.Name, "ip", "route", "flush", "cache"]);
            output = Ping(world, length, discovery);
            if (Regex.IsMatch(output, expected))
                return;
        }

        Assert.Fail($"{expected}: {output}");
    }

    private static string Ping(World world, int length, string discovery)
    {
        var (_, output, error) = LabProcess.Execute(
            "ip", ["netns", "exec", world.Phone.Name, "ping", "-c", "1", "-W", "10", "-M", discovery, "-s", length.ToString(CultureInfo.InvariantCulture), Web]);
        return output + error;
    }

    private static string Interface(Network network) => network.WaitForMachineStatus("laptop").GetProperty("interface").GetString()!;

    private static Network Started(World world, Dictionary<string, string>? environment = null)
    {
        var network = new Network(world, Descriptions.Laptop(), environment);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    private static JsonElement? Connector(Network network) => network.MachineStatus("laptop")?.GetProperty("sites")[0].GetProperty("connectors")[0];

    /// <summary>Transfers both ways, one after the other; each is checked.</summary>
    private sealed class Transfers : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Transfers(NetworkNamespace host) => _running = Task.Run(() =>
        {
            for (; !_stop.IsCancellationRequested; Count++)
            {
                Assert.True(Services.Download(host, Web, 8000, 1 << 20, seed: Count), $"download {Count}");
                Assert.True(Services.Upload(host, Web, 8000, 1 << 20, seed: Count), $"upload {Count}");
            }
        });

        public int Count { get; private set; }

        /// <summary>A transfer that broke moves no more data, and nothing would be noticed ever.</summary>
        public void ThrowIfFailed()
        {
            if (_running.IsCompleted)
                _running.GetAwaiter().GetResult();
        }

        public void Stop()
        {
            _stop.Cancel();
            _running.GetAwaiter().GetResult();
        }

        public void Dispose()
        {
            _stop.Cancel();
            ((IAsyncResult)_running).AsyncWaitHandle.WaitOne(TimeSpan.FromMinutes(5));
            _stop.Dispose();
        }
    }
}
