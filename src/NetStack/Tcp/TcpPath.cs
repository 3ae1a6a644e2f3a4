namespace Keyhole.NetStack;

/// <summary>The segment size follows what the way to the peer carries: up when that was proven, down at once.</summary>
internal static class TcpPath
{
    private const int TimestampsLength = 12;

    /// <summary>The longest packet that the peer may ever be offered.</summary>
    public static int LargestMtu(TcpFlow flow) => Math.Min(flow.Stack.Options.Mtu, MtuOf(flow).Largest);

    /// <summary>Before each burst. What is in flight in longer segments is taken for lost when the size falls, and that is no sign of congestion.</summary>
    public static void Follow(TcpFlow flow, long now)
    {
        int mtu = Math.Min(flow.Stack.Options.Mtu, MtuOf(flow).Current);
        if (mtu == flow.PathMtu)
            return;
        flow.PathMtu = mtu;
        int before = flow.Window.SegmentSize;
        flow.Window.SegmentSize = Math.Min(flow.SegmentSizeLimit, mtu - flow.HeaderLength - (flow.TimestampsOn ? TimestampsLength : 0));
        if (flow.Window.SegmentSize < before && flow.Scoreboard.Count > 0)
            LossRecovery.OnTooBig(flow, flow.Window.SegmentSize, now);
    }

    private static FlowMtu MtuOf(TcpFlow flow) => flow.Stack.Sink.MtuOf(flow.Peer, flow.IncomingKey.Reverse());
}
