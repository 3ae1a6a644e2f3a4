namespace Keyhole.NetStack.Tests.Simulation;

/// <summary>What is true inside a flow whenever the stack has returned.</summary>
internal static class FlowRules
{
    /// <summary>The rule that the flow breaks, or null.</summary>
    public static string? Violation(TcpFlow flow, bool isBlocked)
    {
        var options = flow.Stack.Options;
        if (Seq.Greater(flow.SndUna, flow.SndNxt))
            return "SND.UNA lies behind SND.NXT";
        if (Seq.Less(flow.RcvAdv, flow.RcvNxt))
            return "the right edge lies behind RCV.NXT";
        if (flow.CongestionWindow < flow.SegmentSize / 2 && flow.TcpState is not (TcpState.SynSent or TcpState.SynReceived))
            return $"the congestion window is {flow.CongestionWindow}";
        if (flow.CongestionWindow > 1 << 30)
            return "the congestion window has no bound";
        if (flow.SegmentSize is < 40 or > 1_500 && flow.IsSynchronised)
            return $"the segment size is {flow.SegmentSize}";
        if (flow.ReceiveLength > options.MaximumReceiveWindow + (1 << options.WindowShift))
            return $"{flow.ReceiveLength} bytes wait to be read";
        return flow.IsSynchronised ? ScoreboardViolation(flow, isBlocked) : null;
    }

    private static string? ScoreboardViolation(TcpFlow flow, bool isBlocked)
    {
        uint next = flow.SndUna;
        int inFlight = 0, lost = 0, sacked = 0;
        for (int i = 0; i < flow.Scoreboard.Count; i++)
        {
            ref var segment = ref flow.Scoreboard.At(i);
            if (segment.Seq != next)
                return "the sent segments have a gap";
            next = segment.End;
            if (segment.Is(SegmentMarks.Sacked))
                sacked++;
            else if (segment.Is(SegmentMarks.Lost))
                lost++;
            else
                inFlight += segment.Length;
        }

        if (flow.Scoreboard.Count > 0 && next != flow.SndNxt)
            return "the sent segments do not end at SND.NXT";
        if (inFlight != flow.BytesInFlight || lost != flow.Scoreboard.LostCount || sacked != flow.Scoreboard.SackedCount)
            return $"in flight {flow.BytesInFlight}, counted {inFlight}; lost {flow.Scoreboard.LostCount}, counted {lost}; sacked {flow.Scoreboard.SackedCount}, counted {sacked}";
        return flow.Scoreboard.Count > 0 && !isBlocked && flow.RtoAt == TcpFlow.Never && flow.TlpAt == TcpFlow.Never && flow.RackAt == TcpFlow.Never
            ? $"something is unacknowledged and no timer runs: {flow.Recovery}, window {flow.CongestionWindow}, in flight {flow.BytesInFlight}, lost {lost}, first {flow.Scoreboard.At(0).Length}, segment size {flow.SegmentSize}"
            : null;
    }
}
