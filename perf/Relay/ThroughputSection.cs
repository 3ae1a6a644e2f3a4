using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>TCP between two stock nodes: through the relay's blind path against straight to each other, over the same links.</summary>
internal sealed class ThroughputSection(RelayGround ground, PrivateKey machine, PrivateKey connector)
{
    private const int RoundCount = 5;
    private const int Seconds = 2;
    private const int Mtu = 1420;
    private const int DirectPort = 51900;
    private const int BlindPort = 51901;

    /// <param name="relay">The relay's process.</param>
    internal void Run(Report report, LabProcess relay, in PublicKey relayKey, int port)
    {
        ground.SetSink(drops: false);
        ground.SetLinks(areCloud: true);
        // Both ways use both cores as the scheduler sees fit.
        Pinned.Prefer(relay.Id, isAhead: false);
        Pinned.Move(relay.Id, "0,1");
        ground.ConnectSides();
        using var firstDirect = Start(ground.Load, "a", machine, Peer(connector.PublicKey, $"{RelayGround.SinkHost}:{DirectPort}", "10.78.0.2/32", 25), "10.78.0.1/24", DirectPort);
        using var secondDirect = Start(ground.Sink, "b", connector, Peer(machine.PublicKey, $"{RelayGround.LoadHost}:{DirectPort}", "10.78.0.1/32", 25), "10.78.0.2/24", DirectPort);
        IpEndpoint near = RelayGround.ForClients(port), far = RelayGround.ForConnectors(port);
        using var first = Start(ground.Load, "c", machine, Peer(relayKey, $"{near}", "10.77.1.1/32", 25) + Peer(connector.PublicKey, $"{near}", "10.77.0.2/32"), "10.77.0.1/24", BlindPort);
        using var second = Start(ground.Sink, "d", connector, Peer(relayKey, $"{far}", "10.77.1.1/32", 25) + Peer(machine.PublicKey, $"{far}", "10.77.0.1/32"), "10.77.0.2/24", BlindPort);
        Iperf3.Serve(ground.Topology, ground.Sink);
        Await("10.78.0.2");
        Await("10.77.0.2");

        var rounds = new List<(double Blind, double Direct)>();
        long cpu = ProcessorTime.Of(relay.Id), bytes = 0;
        for (int round = 0; round < RoundCount; round++)
        {
            double direct = Iperf3.Run(ground.Load, "10.78.0.2", "-C", "cubic", "-t", $"{Seconds}").BitsPerSecond;
            var blind = Iperf3.Run(ground.Load, "10.77.0.2", "-C", "cubic", "-t", $"{Seconds}");
            bytes += blind.Bytes;
            rounds.Add((blind.BitsPerSecond, direct));
        }

        report.Row(
            ("suite", "relay"), ("case", "stock nodes"), ("version", LabProcess.Run("wireguard-go", "--version").Split('\n')[0]), ("direct_gbit_s", Contest.Median(rounds.Select(round => round.Direct)) / 1e9),
            ("blind_gbit_s", Contest.Median(rounds.Select(round => round.Blind)) / 1e9), ("relay_cpu_s_per_gb", (ProcessorTime.Of(relay.Id) - cpu) / (double)bytes));
        report.Set("blind_vs_direct", Contest.Median(rounds.Select(round => round.Blind / round.Direct)));
        Pinned.Move(relay.Id, $"{RelayGround.RelayCore}");
        Pinned.Prefer(relay.Id, isAhead: true);
    }

    private static WireGuardGo Start(NetworkNamespace host, string name, PrivateKey key, string peers, string address, int port)
    {
        Span<byte> scalar = stackalloc byte[PrivateKey.Length];
        key.Export(scalar);
        return WireGuardGo.Start(host, $"kbr{Environment.ProcessId % 100_000}{name}",
            $"[Interface]\nPrivateKey = {Convert.ToBase64String(scalar)}\nListenPort = {port}\nAddress = {address}\n{peers}", Mtu);
    }

    private static string Peer(in PublicKey key, string endpoint, string allowed, int keepalive = 0) =>
        $"[Peer]\nPublicKey = {key}\nEndpoint = {endpoint}\nAllowedIPs = {allowed}\nPersistentKeepalive = {keepalive}\n";

    private void Await(string address)
    {
        for (int attempt = 0; !LabProcess.TryRun("ip", "netns", "exec", ground.Load.Name, "ping", "-c", "1", "-W", "1", address); attempt++)
            if (attempt == 20)
                throw new TimeoutException($"{address} does not answer.\n{ground.Topology.Logs()}");
    }
}
