using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// What acknowledgements and timeouts say about loss, and what follows for the window: RACK-TLP (RFC 8985), fast recovery with PRR
/// (RFC 6937), NewReno where the peer has no SACK (RFC 6582), the retransmission timeout (RFC 6298) with F-RTO (RFC 5682), and
/// undoing what was needless by timestamps (RFC 4015) and D-SACK (RFC 3708).
/// </summary>
internal static partial class LossRecovery
{
    private const int DuplicateThreshold = 3;

    public static void OnAcknowledged(TcpFlow flow, in Segment segment, ref AckSample sample, uint priorUna, int priorInFlight, long now)
    {
        flow.Stack.MarkDirty(flow);
        EndTailLossProbe(flow, segment, sample, now);
        if (!flow.SackOn)
            CountDuplicate(flow, ref sample);
        if (flow.Recovery != RecoveryState.Open && TryUndo(flow, segment, sample))
            flow.Stack.Counters.RecoveriesUndone++;

        int lostBefore = flow.Scoreboard.LostCount;
        DetectLoss(flow, sample, now);
        bool moreLost = flow.Scoreboard.LostCount > lostBefore;
        switch (flow.Recovery)
        {
            case RecoveryState.Open when flow.Scoreboard.LostCount > 0:
                EnterRecovery(flow, now);
                Reduce(flow, sample.Delivered, safe: false);
                break;
            case RecoveryState.Recovery when Seq.GreaterOrEqual(flow.SndUna, flow.RecoveryPoint) && sample.Advanced:
                ExitRecovery(flow);
                break;
            case RecoveryState.Recovery:
                Reduce(flow, sample.Delivered, sample.Advanced && !moreLost);
                break;
            case RecoveryState.Loss:
                if (!ContinueForwardRto(flow, sample))
                    Grow(flow, sample, priorUna, priorInFlight, now);
                if (Seq.GreaterOrEqual(flow.SndUna, flow.RecoveryPoint))
                    Reopen(flow);
                break;
            default:
                Grow(flow, sample, priorUna, priorInFlight, now);
                break;
        }

        if (sample.Advanced)
            TcpTimers.RestartRto(flow, now);
        if (sample.Advanced || sample.Sacked)
            TcpTimers.ScheduleTlp(flow, now);
    }

    /// <summary>RFC 2883: the peer got something twice.</summary>
    public static void OnDuplicateReported(TcpFlow flow, SackBlock block)
    {
        flow.Rack.OnDuplicateReported(flow.SndUna, flow.SndNxt);
        if (flow.CanUndo && flow.UndoRetransmissions > 0 && Seq.GreaterOrEqual(block.Left, flow.UndoMarker))
            flow.UndoRetransmissions--;
    }

    /// <summary>RFC 8985 section 6.3: what waited for a late original waits no longer.</summary>
    public static void OnReorderTimeout(TcpFlow flow, long now)
    {
        flow.RackAt = TcpFlow.Never;
        DetectLoss(flow, default, now);
        if (flow.Recovery == RecoveryState.Open && flow.Scoreboard.LostCount > 0)
        {
            EnterRecovery(flow, now);
            Reduce(flow, 0, safe: false);
        }
        else if (flow.Recovery == RecoveryState.Recovery)
        {
            Reduce(flow, 0, safe: false);
        }
    }

    /// <summary>A router said that segments of more than <paramref name="segmentSize"/> bytes do not pass: they go again, smaller.</summary>
    public static void OnTooBig(TcpFlow flow, int segmentSize, long now)
    {
        for (int i = 0; i < flow.Scoreboard.Count; i++)
        {
            ref var segment = ref flow.Scoreboard.At(i);
            if (segment.Length > segmentSize + 1 && !segment.Is(SegmentMarks.Sacked | SegmentMarks.Lost))
                flow.Scoreboard.MarkLost(flow.Scoreboard.NameOf(i));
        }

        TcpTimers.RestartRto(flow, now);
        flow.Stack.MarkDirty(flow);
    }

    /// <summary>Bytes in flight by what is known; without SACK each duplicate acknowledgement stands for a segment that left.</summary>
    public static int Pipe(TcpFlow flow) => flow.SackOn
        ? flow.Scoreboard.InFlight
        : Math.Max(0, flow.Scoreboard.InFlight - (flow.DuplicateAcks * flow.Window.SegmentSize));

    private static void DetectLoss(TcpFlow flow, in AckSample sample, long now)
    {
        if (!flow.SackOn)
        {
            DetectLossWithoutSack(flow, sample);
            return;
        }

        long window = flow.Rack.ReorderingWindow(
            flow.Rtt.Minimum,
            flow.Rtt.Smoothed,
            flow.Recovery != RecoveryState.Open,
            flow.Scoreboard.SackedCount);
        long wait = flow.Rack.DetectLoss(ref flow.Scoreboard, window, now);
        flow.RackAt = wait > 0 ? now + wait : TcpFlow.Never;
    }

    // RFC 6582: three duplicates begin recovery; in it, an acknowledgement that stops short names the next hole.
    private static void DetectLossWithoutSack(TcpFlow flow, in AckSample sample)
    {
        if (flow.Scoreboard.Count == 0)
            return;
        ref var first = ref flow.Scoreboard.At(0);
        if (first.Is(SegmentMarks.Lost))
            return;
        bool begin = flow.Recovery == RecoveryState.Open
            && flow.DuplicateAcks >= DuplicateThreshold
            && Seq.GreaterOrEqual(flow.SndUna, flow.RecoveryPoint);
        bool partial = flow.Recovery == RecoveryState.Recovery
            && sample.Advanced
            && Seq.Less(flow.SndUna, flow.RecoveryPoint);
        if (begin || partial)
            flow.Scoreboard.MarkLost(flow.Scoreboard.NameOf(0));
    }

    private static void CountDuplicate(TcpFlow flow, ref AckSample sample)
    {
        if (sample.Advanced)
        {
            // Segments that duplicates have announced are not delivered a second time.
            int announced = flow.DuplicateAcks * flow.Window.SegmentSize;
            int delivered = sample.Delivered;
            sample.Delivered = Math.Max(0, delivered - announced);
            flow.DuplicateAcks = Math.Max(0, announced - delivered) / flow.Window.SegmentSize;
        }
        else if (sample.IsDuplicateAck && flow.DuplicateAcks < flow.Scoreboard.Count)
        {
            flow.DuplicateAcks++;
            sample.Delivered += flow.Window.SegmentSize;
        }
    }

    private static void EnterRecovery(TcpFlow flow, long now)
    {
        BeginUndo(flow);
        flow.Recovery = RecoveryState.Recovery;
        flow.RecoveryPoint = flow.SndNxt;
        flow.Window.SlowStartThreshold = flow.Congestion.OnCongestion(flow.Window, timeout: false, now);
        flow.Prr.Start(Seq.Distance(flow.SndUna, flow.SndNxt));
        flow.TlpAt = TcpFlow.Never;
        flow.TlpInFlight = false;
    }

    private static void Reduce(TcpFlow flow, int delivered, bool safe) =>
        flow.Window.Size = Math.Max(
            flow.Window.SegmentSize,
            flow.Prr.OnAcknowledged(delivered, Pipe(flow), flow.Window.SlowStartThreshold, flow.Window.SegmentSize, safe));

    private static void ExitRecovery(TcpFlow flow)
    {
        flow.Window.Size = flow.Window.SlowStartThreshold;
        Reopen(flow);
        flow.Rack.OnRecoveryEnd();
    }

    private static void Reopen(TcpFlow flow)
    {
        flow.Recovery = RecoveryState.Open;
        flow.ForwardProbe = flow.ForwardProbeSent = false;
        flow.DuplicateAcks = 0;

        // Undoing stays possible until the peer has told all that it got twice.
        if (flow.UndoRetransmissions == 0)
            flow.CanUndo = false;
    }

    private static void Grow(TcpFlow flow, in AckSample sample, uint priorUna, int priorInFlight, long now)
    {
        // RFC 5681 section 3.2: the first duplicates release new segments but do not widen the window, unless the path is known to reorder.
        if (sample.Delivered == 0 || !(sample.Advanced || flow.Rack.ReorderingSeen))
            return;
        flow.WindowLimited &= Seq.Less(priorUna, flow.WindowLimitedUntil);
        bool limited = flow.WindowLimited;

        // RFC 9438 section 5.8 by way of Linux: in slow start a window that was half used may still grow.
        if (flow.Window.InSlowStart)
            limited |= priorInFlight > flow.Window.Size / 2;
        flow.Congestion.OnAcknowledged(
            ref flow.Window,
            new AckEvent
            {
                Now = now,
                Delivered = sample.Delivered,
                Rtt = sample.ShortestRtt(now),
                SmoothedRtt = flow.Rtt.Smoothed,
                SndUna = flow.SndUna,
                SndNxt = flow.SndNxt,
                IsWindowLimited = limited,
                DeliveryRate = DeliveryRate.Measure(flow, sample),
                IsRateAppLimited = sample.RateAppLimited,
            });
    }
}
