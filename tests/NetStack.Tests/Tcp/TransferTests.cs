namespace Keyhole.NetStack.Tests.Tcp;

/// <summary>Whole transfers between two stacks: every byte arrives, in order, and nothing is left behind.</summary>
public sealed class TransferTests
{
    [Theory]
    [InlineData(0.0, 0.0, false)]
    [InlineData(0.0, 0.0, true)]
    [InlineData(1.0, 0.0, false)]
    [InlineData(5.0, 5.0, true)]
    [InlineData(20.0, 10.0, false)]
    public void Both_directions_arrive_and_close(double loss, double reordering, bool ipv6)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            var pair = new TcpPair(seed: seed) { Loss = loss, Reordering = reordering };
            Exchange(pair, 600_000, ipv6, seed);
        }
    }

    [Fact]
    public void The_long_path_alone_carries_the_same() =>
        Exchange(new TcpPair(options => options with { FastPath = false }, seed: 7) { Loss = 2, Reordering = 5 }, 600_000, false, 7);

    [Fact]
    public void Without_sack_timestamps_and_scaling_bytes_still_arrive()
    {
        for (int variant = 0; variant < 8; variant++)
        {
            int bits = variant;
            var pair = new TcpPair(
                options => options with
                {
                    SelectiveAcknowledgement = (bits & 1) != 0,
                    Timestamps = (bits & 2) != 0,
                    WindowScaling = (bits & 4) != 0,
                },
                seed: bits)
            { Loss = 3, Reordering = 3 };
            Exchange(pair, 300_000, false, bits);
        }
    }

    private static void Exchange(TcpPair pair, int length, bool ipv6, int seed)
    {
        var (client, server) = pair.Open(ipv6: ipv6);
        var up = new PatternStream(length, 3);
        var down = new PatternStream(length, 5);
        pair.Client.SendSpace = up.Write;
        pair.Server.SendSpace = down.Write;
        pair.Server.Readable = up.Read;
        pair.Client.Readable = down.Read;
        up.Write(client);
        down.Write(server);
        Assert.True(
            pair.RunUntil(() => pair.Client.Closed.Count == 1 && pair.Server.Closed.Count == 1, 600_000_000),
            $"seed {seed}: {up} up, {down} down, client {client.TcpState} {client.CloseReason}, server {server.TcpState} {server.CloseReason}");
        Assert.Equal((length, length), (up.ReadLength, down.ReadLength));
        Assert.Equal(CloseReason.Finished, pair.Client.Closed[0]);
        Assert.Equal(CloseReason.Finished, pair.Server.Closed[0]);
        pair.Run(200_000_000);
        foreach (var end in (TcpPair.End[])[pair.Client, pair.Server])
        {
            Assert.Equal((0, 0, 0L, 0), (end.Stack.FlowCount, end.Stack.PendingCount, end.Stack.BufferBytes, end.Stack.TimeWaitCount));
            Assert.Equal(long.MaxValue, end.Stack.NextDeadline);
        }
    }
}
