using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>
/// An attacker on the internet who forges source addresses, and has seen what others sent to the relay. Drawing: <see cref="StockPair"/>.
/// </summary>
public class BlindAttackTests(ITestOutputHelper output)
{
    private static readonly IPEndPoint Relay = new(IPAddress.Parse(World.RelayAddress), 21820);

    /// <summary>
    /// A node whose first initiation is answered by a cookie sends the next one, with it, after REKEY_TIMEOUT (5 s) and up to a
    /// third of a second of jitter; its ping notices within a second.
    /// </summary>
    private static readonly TimeSpan AdmissionUnderCookies = TimeSpan.FromSeconds(5 + 0.34 + 1);

    private static readonly IPAddress Victim = IPAddress.Parse("198.51.101.2");

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Threat", "1"), Trait("Threat", "2"), Trait("Threat", "3"), Trait("Threat", "4"), Trait("Threat", "5")]
    public void Forged_replayed_and_sprayed_datagrams_change_nothing()
    {
        using var pair = new StockPair();
        using var ear = new RawDatagrams(pair.World.Vps);
        pair.UntilConnectedAnew(TimeSpan.FromSeconds(10));
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        var seen = ear.HearAll(TimeSpan.FromSeconds(1)).Where(datagram => datagram.Destination.Port == Relay.Port).ToList();
        Assert.Contains(seen, datagram => datagram.Payload[0] == 1);
        Assert.Contains(seen, datagram => datagram.Payload[0] == 2);
        Assert.Contains(seen, datagram => datagram.Payload[0] == 4);
        var (near, far) = (pair.AddressOf(pair.NearKey), pair.AddressOf(pair.FarKey));
        var (handshake, received) = (StockPair.LastHandshake(pair.Near, pair.FarKey), StockPair.Received(pair.Far, pair.ThirdKey));
        pulse.Reset();

        using var attacker = new RawDatagrams(pair.World.Internet);
        using var victim = new RawDatagrams(pair.World.CafeRouter);
        var random = new Random(7);
        var nearAt = IPEndPoint.Parse(near!);
        foreach (var (source, _, payload) in seen)
        {
            attacker.Send(source, Relay, payload);
            attacker.Send(new IPEndPoint(Victim, 4000), Relay, payload);
        }

        var forged = new byte[1400];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(forged);
            BinaryPrimitives.WriteInt32LittleEndian(forged, random.Next(1, 5));
            int length = i % 5 == 0 ? random.Next(forged.Length) : forged[0] switch { 1 => 148, 2 => 92, 3 => 64, _ => 80 };
            attacker.Send(i % 3 == 0 ? nearAt : i % 3 == 1 ? IPEndPoint.Parse(far!) : new IPEndPoint(Victim, random.Next(65536)), Relay, forged.AsSpan(0, length));
            if (i % 500 == 0)
                Thread.Sleep(1);
        }

        Thread.Sleep(500);
        var report = pulse.Report();
        output.WriteLine($"{seen.Count} replayed twice, 20000 forged: {report}");
        Assert.Equal((near, far), (pair.AddressOf(pair.NearKey), pair.AddressOf(pair.FarKey)));
        Assert.Equal((handshake, received), (StockPair.LastHandshake(pair.Near, pair.FarKey), StockPair.Received(pair.Far, pair.ThirdKey)));
        Assert.True(report.LostPercent < 1 + PendingPercent(report), $"{report}");
        Assert.DoesNotContain(victim.HearAll(TimeSpan.FromMilliseconds(200)), datagram => datagram.Source.Port == Relay.Port);
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Threat", "6"), Trait("Threat", "7")]
    public void A_flood_of_initiations_from_spoofed_sources_loses_no_session_and_lets_a_new_node_in()
    {
        using var pair = new StockPair(thirdGranted: true);
        using var ear = new RawDatagrams(pair.World.Vps);
        pair.UntilConnectedAnew(TimeSpan.FromSeconds(10));

        // Initiations that the relay accepted once: their mac1 is right, which makes each the dearest to refuse.
        var initiations = ear.HearAll(TimeSpan.FromSeconds(0.2)).Where(datagram => datagram.Payload is [1, ..] && datagram.Destination.Port == Relay.Port).Select(datagram => datagram.Payload).ToList();
        Assert.NotEmpty(initiations);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        Thread.Sleep(300);
        long memory = ResidentBytes(pair.Network.Relay.Id);
        pulse.Reset();

        int sent = 0;
        bool ended = false;
        var flood = new Thread(() =>
        {
            using var attacker = new RawDatagrams(pair.World.Internet);
            var random = new Random(11);
            while (!Volatile.Read(ref ended))
            {
                var source = new IPEndPoint(0x0A00_0000L | (uint)random.Next(), random.Next(1, 65536));
                attacker.Send(source, Relay, initiations[sent++ % initiations.Count]);
                if (sent % 32 == 0)
                    Thread.Sleep(1);
            }
        });
        flood.Start();
        Thread.Sleep(1000);
        using var third = pair.StartThird();
        var admitted = pair.Network.Until("a new node is let in during the flood", TimeSpan.FromSeconds(10), () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Thread.Sleep(1500);
        var report = pulse.Report();
        Volatile.Write(ref ended, true);
        flood.Join();
        long growth = ResidentBytes(pair.Network.Relay.Id) - memory;
        output.WriteLine($"{sent} initiations: {report}; the new node waited {admitted.TotalMilliseconds:F0} ms; resident memory grew by {growth >> 10} KiB");
        Assert.True(report.LostPercent < 1 + PendingPercent(report), $"{report}");
        Assert.True(admitted < AdmissionUnderCookies, $"{admitted}");
        Assert.True(growth < 16 << 20, $"{growth} bytes");
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Threat", "8")]
    public void A_client_that_sends_as_much_as_it_can_leaves_room_for_others()
    {
        using var pair = new StockPair(thirdGranted: true);
        pair.UntilConnected(TimeSpan.FromSeconds(10));
        using var third = pair.StartThird();
        pair.Network.Until("third reaches the branch", TimeSpan.FromSeconds(10), () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Iperf3.Serve(pair.World.Topology, pair.World.Branch);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        Thread.Sleep(500);
        pulse.Reset();
        Thread.Sleep(1500);
        output.WriteLine($"alone: {pulse.Report()}");
        pulse.Reset();
        var load = Iperf3.Run(pair.World.Tablet, StockPair.OtherAddress, "-t", "3", "-u", "-b", "0", "-l", "1200");
        var report = pulse.Report();
        output.WriteLine($"beside {load.BitsPerSecond / 1e6:F0} Mbit/s with {load.LostPercent:F1} % lost: {report}");
        Assert.True(report.LostPercent < 5 + PendingPercent(report), $"{report}");
        Assert.True(report.P50 < 50_000, $"{report}");
    }

    /// <summary>Echoes of the last moments are still under way when a report is taken.</summary>
    private static double PendingPercent(PulseReport report) => 100.0 * 5 / report.Sent;

    private static long ResidentBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
