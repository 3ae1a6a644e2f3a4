namespace Keyhole.NetStack;

/// <summary>
/// The timers of a flow: instants in its block, of which the earliest stands in the wheel. Most move later again and again without
/// the wheel being touched; the flow arms anew when it fires early.
/// </summary>
internal static class TcpTimers
{
    // What a tail loss probe waits beyond two round trips, and beyond that when a single segment may meet a delayed acknowledgement.
    private const long ProbeSlack = 2_000;
    private const long WorstDelayedAck = 200_000;

    // Persist probes that a peer may leave unanswered whatever the clock says.
    private const int FewestPersistProbes = 3;

    public static void Expire(TcpFlow flow, long now)
    {
        if (flow.ExpiresAt <= now)
            flow.Abort(CloseReason.Expired);
        else if (IdleDeadline(flow) <= now)
            flow.Abort(CloseReason.IdleLimit);
        if (flow.AbortRequested)
            return;

        if (flow.TcpState is TcpState.SynSent or TcpState.SynReceived)
        {
            if (flow.RtoAt <= now)
                RepeatSyn(flow, now);
            Arm(flow, now);
            return;
        }

        if (flow.RackAt <= now)
            LossRecovery.OnReorderTimeout(flow, now);
        if (flow.TlpAt <= now)
            LossRecovery.OnProbeTimeout(flow, now);
        if (flow.RtoAt <= now)
            LossRecovery.OnRetransmissionTimeout(flow, now);
        if (flow.PersistAt <= now)
            Persist(flow, now);
        if (flow.AckAt <= now)
            flow.AckNow = true;
        if (KeepaliveDeadline(flow) <= now)
            KeepAlive(flow, now);
        if (flow.MemoryAt <= now)
            flow.MemoryAt = TcpFlow.Never;
        if (flow.LingerAt <= now)
            flow.Stack.Finish(flow, timeWait: true);
        flow.Stack.MarkDirty(flow);
    }

    /// <summary>Puts the earliest deadline into the wheel, if it is not there already or an earlier one is.</summary>
    public static void Arm(TcpFlow flow, long now)
    {
        long deadline = Math.Min(Math.Min(flow.RtoAt, flow.TlpAt), Math.Min(flow.RackAt, flow.PersistAt));
        deadline = Math.Min(deadline, Math.Min(flow.AckAt, Math.Min(flow.LingerAt, flow.MemoryAt)));
        deadline = Math.Min(deadline, Math.Min(KeepaliveDeadline(flow), IdleDeadline(flow)));
        deadline = Math.Min(deadline, Math.Min(flow.ExpiresAt, flow.PaceAt > now ? flow.PaceAt : TcpFlow.Never));
        if (deadline != TcpFlow.Never && !Wheel.FiresBy(flow, deadline))
            flow.Stack.Wheel.Schedule(flow, deadline);
    }

    /// <summary>RFC 6298 section 5.1 and 5.3: runs while anything is unacknowledged, from now.</summary>
    public static void RestartRto(TcpFlow flow, long now) =>
        flow.RtoAt = flow.Scoreboard.Count == 0 ? TcpFlow.Never : now + Rto(flow);

    public static long Rto(TcpFlow flow) =>
        flow.Rtt.Rto(flow.Backoff, flow.Stack.Options.MinimumRto, flow.Stack.Options.MaximumRto);

    /// <summary>RFC 8985 section 7.2.</summary>
    public static void ScheduleTlp(TcpFlow flow, long now)
    {
        flow.TlpAt = TcpFlow.Never;
        if (!flow.SackOn
            || flow.TlpInFlight
            || flow.Recovery != RecoveryState.Open
            || flow.Scoreboard.Count == 0
            || flow.Scoreboard.SackedCount > 0
            || flow.Rtt.Smoothed == 0)
            return;
        long timeout = (2 * flow.Rtt.Smoothed) + (flow.Scoreboard.Count == 1 ? WorstDelayedAck : ProbeSlack);

        // Where the timeout would come first, the probe takes its place.
        flow.TlpAt = Math.Min(now + timeout, flow.RtoAt);
    }

    private static void RepeatSyn(TcpFlow flow, long now)
    {
        if (flow.SynTransmissions > flow.Stack.Options.MaximumSynRetransmissions)
        {
            flow.Abort(CloseReason.TimedOut);
            return;
        }

        if (TcpHandshake.TrySendSyn(flow, now))
            flow.Stack.Counters.SegmentsRetransmitted++;
        else
            flow.RtoAt = now + flow.Stack.Options.MinimumRto;
    }

    // RFC 9293 section 3.8.6.1, RFC 1122 section 4.2.2.17: the window stays closed as long as it is said to be.
    private static void Persist(TcpFlow flow, long now)
    {
        flow.PersistAt = TcpFlow.Never;
        long silent = now - Math.Max(flow.LastReceivedAt, flow.StalledSince == TcpFlow.Never ? long.MinValue : flow.StalledSince);
        if (flow.PersistBackoff >= FewestPersistProbes && silent >= flow.Stack.Options.UserTimeout)
        {
            flow.Abort(CloseReason.TimedOut);
            return;
        }

        TcpOutput.ProbeWindow(flow, now);
        if (flow.PersistBackoff < 16)
            flow.PersistBackoff++;
    }

    // RFC 1122 section 4.2.3.6.
    private static void KeepAlive(TcpFlow flow, long now)
    {
        if (flow.Probes >= flow.Stack.Options.KeepaliveProbes)
        {
            flow.Abort(CloseReason.KeepaliveTimedOut);
            return;
        }

        flow.Probes++;
        flow.ProbedAt = now;
        TcpOutput.SendProbe(flow, now);
    }

    // While something is unacknowledged or a window is probed, those timers tell whether the peer lives.
    private static long KeepaliveDeadline(TcpFlow flow)
    {
        var options = flow.Stack.Options;
        if (options.KeepaliveIdle == TcpFlow.Never || !flow.IsSynchronised || flow.Scoreboard.Count > 0 || flow.PersistAt != TcpFlow.Never)
            return TcpFlow.Never;
        return flow.Probes == 0 ? flow.LastReceivedAt + options.KeepaliveIdle : flow.ProbedAt + options.KeepaliveInterval;
    }

    private static long IdleDeadline(TcpFlow flow) =>
        flow.IdleTimeout > TcpFlow.Never - flow.LastDataAt ? TcpFlow.Never : flow.LastDataAt + flow.IdleTimeout;
}
