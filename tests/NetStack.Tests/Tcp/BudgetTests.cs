using System.Runtime.CompilerServices;

namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>What flows may cost: memory when idle, allocation when busy.</summary>
public sealed class BudgetTests
{
    [Fact]
    [Trait("Promise", "A9")]
    public void Steady_state_allocates_nothing_per_segment()
    {
        var pair = new TcpPair { Delay = 500 };
        var (client, server) = pair.Open();
        var up = new PatternStream(long.MaxValue, 3);
        var down = new PatternStream(long.MaxValue, 5);
        pair.Client.SendSpace = up.Write;
        pair.Server.SendSpace = down.Write;
        pair.Server.Readable = up.Read;
        pair.Client.Readable = down.Read;
        up.Write(client);
        down.Write(server);
        pair.RunUntil(() => pair.Packets > 200_000, 600_000_000);

        long end = pair.Packets + 100_000;
        Func<bool> done = () => pair.Packets >= end;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool reached = pair.RunUntil(done, 600_000_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(reached);
    }

    [Fact]
    public void An_idle_flow_takes_less_than_a_kibibyte()
    {
        const int Count = 1_000;

        // The table is at least a quarter full after it has grown.
        const int TableEntries = 4 * 16;
        var pair = new TcpPair();
        var (client, server) = pair.Open();
        Assert.Equal((0L, 0L), (pair.Client.Stack.BufferBytes, pair.Server.Stack.BufferBytes));
        Assert.True(client.SendQueue.IsFree && server.ReceiveQueue.IsFree && server.OutOfOrder is null);
        var flows = new TcpFlow[Count];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Count; i++)
            flows[i] = new TcpFlow(pair.Server.Stack, new Cubic());
        long perFlow = ((GC.GetAllocatedBytesForCurrentThread() - before) / Count) + TableEntries;
        Assert.InRange(perFlow, 1, 1_024);
        GC.KeepAlive(flows);
    }

    [Fact]
    public void A_record_of_a_sent_segment_is_as_small_as_it_is_counted() =>
        Assert.True(Unsafe.SizeOf<SentSegment>() <= SegmentRingPool.RecordLength, $"{Unsafe.SizeOf<SentSegment>()} bytes");

    [Fact]
    public void Flows_are_used_again()
    {
        var pair = new TcpPair();
        var (_, first) = pair.Open(1);
        first.Abort();
        pair.Run(1_000_000);
        Assert.Equal(0, pair.Server.Stack.FlowCount);
        var (_, second) = pair.Open(2);
        Assert.Same(first, second);
    }
}
