using System.Buffers.Binary;
using System.Diagnostics;
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
    private static readonly TimeSpan OneRetry = TimeSpan.FromSeconds(5 + 0.34 + 1);

    private static readonly IPAddress Victim = IPAddress.Parse("198.51.101.2");

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Threat", "1"), Trait("Threat", "2"), Trait("Threat", "3"), Trait("Threat", "4"), Trait("Threat", "5")]
    public void Forged_replayed_and_sprayed_datagrams_change_nothing()
    {
        using var pair = new StockPair();
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        long received = StockPair.Received(pair.Far, pair.ThirdKey);
        using var attacker = new RawDatagrams(pair.World.Internet);
        using var victim = new RawDatagrams(pair.World.CafeRouter);
        var random = new Random(7);
        var forged = new byte[1400];
        BestOfThree.Where(loss => loss.IsSmall && loss.Handshakes == 0, "an attack costs nothing, neither datagrams nor a handshake", () =>
        {
            // A session that grows two minutes old makes a handshake anyway: each time there is a new one.
            using var ear = new RawDatagrams(pair.World.Vps);
            pair.UntilConnectedAnew();
            pair.Network.UntilEchoed("the pulse answers", pulse);
            var seen = ear.HearAll(TimeSpan.FromSeconds(1)).Where(datagram => datagram.Destination.Port == Relay.Port).ToList();
            Assert.Superset(new HashSet<byte> { 1, 2, 4 }, seen.Select(datagram => datagram.Payload[0]).ToHashSet());
            var (near, far) = (pair.AddressOf(pair.NearKey)!, pair.AddressOf(pair.FarKey)!);
            var (nearAt, farAt) = (IPEndPoint.Parse(near), IPEndPoint.Parse(far));
            long handshake = StockPair.LastHandshake(pair.Near, pair.FarKey);
            var without = Watch(pair, pulse, () => Thread.Sleep(1000));
            var report = Watch(pair, pulse, () =>
            {
                foreach (var (source, _, payload) in seen)
                {
                    attacker.Send(source, Relay, payload);
                    attacker.Send(new IPEndPoint(Victim, 4000), Relay, payload);
                }

                for (int i = 0; i < 20_000; i++)
                {
                    random.NextBytes(forged);
                    BinaryPrimitives.WriteInt32LittleEndian(forged, random.Next(1, 5));
                    int length = i % 5 == 0 ? random.Next(forged.Length) : forged[0] switch { 1 => 148, 2 => 92, 3 => 64, _ => 80 };
                    attacker.Send(i % 3 == 0 ? nearAt : i % 3 == 1 ? farAt : new IPEndPoint(Victim, random.Next(65536)), Relay, forged.AsSpan(0, length));
                    if (i % 500 == 0)
                        Thread.Sleep(1);
                }
            });

            Assert.Equal((near, far), (pair.AddressOf(pair.NearKey), pair.AddressOf(pair.FarKey)));
            output.WriteLine($"{seen.Count} replayed twice, 20000 forged: {report}; without: {without}");
            return (IsSmall: report.LostPercent < 1 + without.LostPercent, Handshakes: StockPair.LastHandshake(pair.Near, pair.FarKey) - handshake, report);
        });

        Assert.Equal(received, StockPair.Received(pair.Far, pair.ThirdKey));
        Assert.DoesNotContain(victim.HearAll(TimeSpan.FromMilliseconds(200)), datagram => datagram.Source.Port == Relay.Port);
    }

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Threat", "6"), Trait("Threat", "7")]
    public void A_flood_of_initiations_from_spoofed_sources_loses_no_session_and_lets_a_new_node_in()
    {
        using var pair = new StockPair(thirdGranted: true);
        using var ear = new RawDatagrams(pair.World.Vps);
        pair.UntilConnectedAnew();

        // Initiations that the relay accepted once: their mac1 is right, which makes each the dearest to refuse.
        var initiations = ear.HearAll(TimeSpan.FromSeconds(0.2)).Where(datagram => datagram.Payload is [1, ..] && datagram.Destination.Port == Relay.Port).Select(datagram => datagram.Payload).ToList();
        Assert.NotEmpty(initiations);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);
        var without = Watch(pair, pulse, () => Thread.Sleep(1000));
        var alone = Admission(pair);
        long memory = ResidentBytes(pair.Network.Relay.Id);

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
        try
        {
            pair.Network.Until("the flood is under way", () => Volatile.Read(ref sent) > initiations.Count + 1000);
            var admitted = BestOfThree.Within(alone + OneRetry, "a new node is let in during the flood", () => Admission(pair));
            var report = BestOfThree.Where(
                report => report.LostPercent < 1 + without.LostPercent, "the session loses nothing during the flood", () => Watch(pair, pulse, () => Thread.Sleep(1500)));
            long growth = ResidentBytes(pair.Network.Relay.Id) - memory;
            output.WriteLine(
                $"{sent} initiations: {report}; the new node waited {admitted.TotalMilliseconds:F0} ms, {alone.TotalMilliseconds:F0} ms without; resident memory grew by {growth >> 10} KiB");
            Assert.True(growth < 16 << 20, $"{growth} bytes");
        }
        finally
        {
            Volatile.Write(ref ended, true);
            flood.Join();
        }
    }

    [LabFact("wireguard-go", "wg", "iperf3", "setpriv", "ping")]
    [Trait("Threat", "8")]
    public void A_client_that_sends_as_much_as_it_can_leaves_room_for_others()
    {
        using var pair = new StockPair(thirdGranted: true);
        pair.UntilConnected();
        using var third = pair.StartThird();
        pair.Network.Until("third reaches the branch", () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        Iperf3.Serve(pair.World.Topology, pair.World.Branch);
        using var pulse = new Pulse(pair.World.Phone, StockPair.FarAddress, StockPair.EchoPort);

        // Who is not left room waits behind a queue that is always full: tens of milliseconds each time, and loses what has no place in it.
        BestOfThree.Where(seen => seen.Beside.LostPercent < 5 + seen.Alone.LostPercent && seen.Beside.P50 < 50_000 + seen.Alone.P50, "the others have room", () =>
        {
            var alone = Watch(pair, pulse, () => Thread.Sleep(1000));
            Iperf3Result? load = null;
            var beside = Watch(pair, pulse, () => load = Iperf3.Run(pair.World.Tablet, StockPair.OtherAddress, "-t", "3", "-u", "-b", "0", "-l", "1200"));
            output.WriteLine($"alone: {alone}");
            output.WriteLine($"beside {load!.BitsPerSecond / 1e6:F0} Mbit/s with {load.LostPercent:F1} % lost: {beside}");
            return (Alone: alone, Beside: beside);
        });
    }

    /// <summary>What the pulse saw while something went on.</summary>
    private static PulseReport Watch(StockPair pair, Pulse pulse, Action during)
    {
        pair.Network.UntilEchoed("the pulse answers before", pulse);
        pulse.Reset();
        during();
        pair.Network.UntilEchoed("the pulse answers", pulse);
        return pulse.Report();
    }

    /// <summary>Starts the third node and takes it away again.</summary>
    /// <returns>From its start to the first answer of the branch.</returns>
    private static TimeSpan Admission(StockPair pair)
    {
        var clock = Stopwatch.StartNew();
        using var third = pair.StartThird();
        pair.Network.Until("a new node is let in", () => StockPair.Answers(pair.World.Tablet, StockPair.OtherAddress));
        return clock.Elapsed;
    }

    private static long ResidentBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
