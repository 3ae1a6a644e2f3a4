using System.Collections.Concurrent;
using Keyhole.Packets;

namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>
/// Worlds of <see cref="World"/>: 2,000 in an ordinary run or what fits into 15 s, 50 times as many with KEYHOLE_LONG=1. A failure names its seed;
/// KEYHOLE_SEED runs that one world again.
/// </summary>
public class SimulationTests
{
    [Fact]
    [Trait("Pitfall", "P16")]
    [Trait("Pitfall", "P17")]
    [Trait("Pitfall", "P28")]
    [Trait("Pitfall", "P33")]
    public void Streams_arrive_in_all_weathers_and_nothing_is_left()
    {
        if (TestSeed.Given is { } seed)
        {
            new World(seed).Run();
            return;
        }

        bool isLong = TestSeed.IsLong;
        int count = isLong ? 100_000 : 2_000;
        long end = isLong ? long.MaxValue : Environment.TickCount64 + 15_000;
        int first = TestSeed.Next();
        var failures = new ConcurrentQueue<string>();
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            // A busy machine sees fewer worlds, but never less than these.
            if (i >= 200 && Environment.TickCount64 > end)
                return;
            try
            {
                new World(first + i).Run();
            }
            catch (SimulationException failure)
            {
                failures.Enqueue(failure.Message);
            }
        });
        Assert.True(failures.IsEmpty, $"{failures.Count} of {count} worlds failed.\n{string.Join("\n\n", failures.Take(5))}");
    }

    [Fact]
    public void The_same_seed_is_the_same_world()
    {
        (long, long) Outcome(int seed)
        {
            var world = new World(seed);
            world.Run();
            return (world.Now, world.Network.Sent);
        }

        for (int seed = 1; seed <= 20; seed++)
            Assert.Equal(Outcome(seed), Outcome(seed));
    }

    [Fact]
    public void A_stack_that_believes_corrupt_segments_is_found_out() =>
        Assert.True(FailsSoon(seed => new World(seed, new Weather { Delay = 5_000, Corruption = 0.02 }, configure: options => options with { VerifyChecksums = false })));

    [Fact]
    public void A_network_that_forges_bytes_is_found_out() => Assert.True(FailsSoon(seed => new World(seed, new Weather { Delay = 5_000 }, (packet, toB) =>
    {
        Forge(packet.Span);
        return false;
    })));

    [Fact]
    public void A_stall_is_found_out()
    {
        // Every acknowledgement that opens a window again is lost, and so are the answers to probes: the sender waits for ever.
        Assert.True(FailsSoon(seed => new World(seed, new Weather { Delay = 5_000 }, (packet, toB) => !toB && seed % 2 == 0 && IsPureAck(packet.Span))));
    }

    [Fact]
    public void A_lost_FIN_that_is_never_sent_again_would_be_found_out() =>
        Assert.True(FailsSoon(seed => new World(seed, new Weather { Delay = 5_000 }, (packet, toB) => Has(packet.Span, TcpFlags.Fin))));

    private static bool FailsSoon(Func<int, World> make)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            try
            {
                make(seed).Run();
            }
            catch (SimulationException)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(ReadOnlySpan<byte> packet, TcpFlags flag) =>
        IpView.TryParse(packet, out var ip) && TcpView.TryParse(ip.Payload, out var tcp) && (tcp.Flags & flag) != 0;

    private static bool IsPureAck(ReadOnlySpan<byte> packet) =>
        IpView.TryParse(packet, out var ip) && TcpView.TryParse(ip.Payload, out var tcp) && tcp.Flags == TcpFlags.Ack && tcp.Payload.IsEmpty;

    private static void Forge(Span<byte> packet)
    {
        if (!IpView.TryParse(packet, out var ip) || !TcpView.TryParse(ip.Payload, out var tcp) || tcp.Payload.Length < 500)
            return;
        packet[^200] ^= 0x11;
        TcpHeader.WriteChecksum(packet[ip.HeaderLength..], ip.Source, ip.Destination);
    }
}
