namespace Keyhole.NetStack;

// Timers of loss recovery: the tail loss probe (RFC 8985 section 7) and the retransmission timeout (RFC 6298 section 5).
internal static partial class LossRecovery
{
    // Two timeouts in a row of full-sized segments: the path may swallow them (RFC 8899 section 4.3 in small).
    private const int BlackHoleTimeouts = 2;

    // A wait this long with a few attempts in it, and not merely a clock that jumped.
    private const int FewestTimeouts = 3;

    /// <summary>RFC 8985 section 7.3: new data if there is any and the window allows, else the last segment again.</summary>
    public static void OnProbeTimeout(TcpFlow flow, long now)
    {
        flow.TlpAt = TcpFlow.Never;
        if (flow.Recovery != RecoveryState.Open || flow.Scoreboard.Count == 0 || flow.TlpInFlight)
            return;
        flow.TlpIsRetransmission = false;
        if (!TcpOutput.TrySendProbe(flow, now, out bool retransmitted))
            return;
        flow.TlpInFlight = true;
        flow.TlpIsRetransmission = retransmitted;
        flow.TlpEndSeq = flow.SndNxt;
        flow.Stack.Counters.TailLossProbes++;
        TcpTimers.RestartRto(flow, now);
    }

    /// <summary>RFC 6298 section 5.4 to 5.7, RFC 5681 section 3.1, RFC 8985 section 6.3.</summary>
    public static void OnRetransmissionTimeout(TcpFlow flow, long now)
    {
        var options = flow.Stack.Options;
        flow.RtoAt = TcpFlow.Never;
        if (flow.Scoreboard.Count == 0)
            return;
        if (flow.Backoff >= options.MaximumRetransmissions
            || (flow.Backoff >= FewestTimeouts && now - flow.StalledSince >= options.UserTimeout))
        {
            flow.Abort(CloseReason.TimedOut);
            return;
        }

        flow.Stack.Counters.RetransmissionTimeouts++;
        ShrinkForBlackHole(flow);

        // RFC 5681 section 3.1: a retransmission that is lost again halves the threshold no further.
        bool again = flow.Recovery == RecoveryState.Loss && flow.Backoff > 0;
        if (!again)
        {
            BeginUndo(flow);
            flow.Window.SlowStartThreshold = flow.Congestion.OnCongestion(flow.Window, timeout: true, now);
        }

        // RFC 5682 section 2: only where no recovery was under way can the timeout be told for spurious.
        flow.ForwardProbe = flow.Recovery == RecoveryState.Open;
        flow.ForwardProbeSent = false;
        flow.Recovery = RecoveryState.Loss;
        flow.RecoveryPoint = flow.SndNxt;
        flow.DuplicateAcks = 0;
        flow.TlpInFlight = false;
        flow.TlpAt = flow.RackAt = TcpFlow.Never;
        MarkTimedOut(flow, now);
        flow.Window.Size = flow.Scoreboard.InFlight + flow.Window.SegmentSize;
        if (flow.Backoff < byte.MaxValue)
            flow.Backoff++;
    }

    // The first segment is lost, and with it all that is older than a round trip. What was sacked while the first one was not may have
    // been taken back since (RFC 2018 section 8): it counts as lost, too, once the first is the peer's own.
    private static void MarkTimedOut(TcpFlow flow, long now)
    {
        bool reneged = flow.Scoreboard.At(0).Is(SegmentMarks.Sacked);
        long rtt = flow.Rack.Rtt > 0 ? flow.Rack.Rtt : flow.Rtt.Smoothed;
        long window = flow.Rtt.Minimum == long.MaxValue ? 0 : flow.Rtt.Minimum / 4;
        for (int i = 0; i < flow.Scoreboard.Count; i++)
        {
            ref var segment = ref flow.Scoreboard.At(i);
            if (segment.Is(SegmentMarks.Lost) || (segment.Is(SegmentMarks.Sacked) && !reneged))
                continue;
            if (i == 0 || reneged || !flow.SackOn || segment.SentAt + rtt + window <= now)
                flow.Scoreboard.MarkLost(flow.Scoreboard.NameOf(i));
        }
    }

    private static void ShrinkForBlackHole(TcpFlow flow)
    {
        int length = flow.Scoreboard.At(0).Length;
        int smaller = flow.Stack.Options.BlackHoleSegmentSize - (flow.TimestampsOn ? 12 : 0);
        if (length < flow.Window.SegmentSize || flow.Window.SegmentSize <= smaller)
            return;
        if (++flow.FullSizeTimeouts >= BlackHoleTimeouts)
            flow.Window.SegmentSize = smaller;
    }

    // RFC 5682 section 3.1: after the first segment, new data shows whether the rest is only late. True while that is being found out.
    private static bool ContinueForwardRto(TcpFlow flow, in AckSample sample)
    {
        if (!flow.ForwardProbe)
            return false;
        if (sample.OriginalDelivered)
        {
            // Something sent before the timeout arrived without being sent again: it was not lost.
            if (flow.CanUndo)
            {
                Undo(flow);
                flow.Stack.Counters.RecoveriesUndone++;
            }

            return true;
        }

        if (flow.ForwardProbeSent || !sample.Advanced || Seq.GreaterOrEqual(flow.SndUna, flow.RecoveryPoint) || flow.Unsent == 0)
        {
            // Duplicates after new data: the loss is real.
            flow.ForwardProbe = flow.ForwardProbeSent = false;
            return false;
        }

        flow.ForwardProbeSent = true;
        flow.Window.Size = flow.Scoreboard.InFlight + (2 * flow.Window.SegmentSize);
        return true;
    }

    // RFC 8985 section 7.4.2: the probe repaired a loss that nothing else told of.
    private static void EndTailLossProbe(TcpFlow flow, in Segment segment, in AckSample sample, long now)
    {
        if (!flow.TlpInFlight || Seq.Less(segment.Ack, flow.TlpEndSeq))
            return;
        if (!flow.TlpIsRetransmission || sample.Duplicate)
        {
            flow.TlpInFlight = false;
        }
        else if (Seq.Greater(segment.Ack, flow.TlpEndSeq))
        {
            flow.TlpInFlight = false;
            flow.Window.SlowStartThreshold = flow.Congestion.OnCongestion(flow.Window, timeout: false, now);
            flow.Window.Size = Math.Min(flow.Window.Size, flow.Window.SlowStartThreshold);
        }
        else if (sample.IsDuplicateAck || (!sample.Advanced && segment.SackBlockCount == 0 && segment.Length == 0))
        {
            flow.TlpInFlight = false;
        }
    }
}
