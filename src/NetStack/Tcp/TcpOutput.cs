using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// What a flow sends at a Flush, in this order: what was lost, new data, FIN, and an acknowledgement if none of these carried it. Full
/// segments of a flow follow each other, so that the datagram layer can send them as one.
/// </summary>
internal static partial class TcpOutput
{
    // What one flow may send before others have their turn: what one UDP_SEGMENT call takes.
    private const int BurstSegments = 64;

    // Records that a flow may keep beyond four per full segment of its window: a host that writes single bytes must wait for answers.
    private const int SpareRecords = 64;

    /// <summary>Sends what may be sent. True when the turn was used up and there is more.</summary>
    public static bool Run(TcpFlow flow, long now)
    {
        if (!flow.Stack.Sink.CanSend(flow.Peer))
        {
            flow.Stack.Block(flow);
            return false;
        }

        if (!flow.IsSynchronised)
        {
            if (flow.SynTransmissions == 0 && !TcpHandshake.TrySendSyn(flow, now))
                flow.Stack.Block(flow);
            return false;
        }

        TcpPath.Follow(flow, now);
        int budget = BurstSegments;
        var template = new SegmentTemplate(flow.Stack.Scratch);
        bool open = Retransmit(flow, ref template, ref budget, now) && SendNew(flow, ref template, ref budget, now);
        if (!open)
        {
            flow.Stack.Block(flow);
            return false;
        }

        NoteSendSpace(flow);
        ArmPersist(flow, now);
        TuneReceiveWindow(flow, now);
        if (flow.AckNow || flow.AckAt <= now || IsWindowUpdateDue(flow))
        {
            if (!SendAck(flow, now))
            {
                flow.AckNow = true;
                flow.Stack.Block(flow);
            }
        }

        if (flow.TcpState == TcpState.FinWait2 && flow.ReceiveClosed && flow.LingerAt == TcpFlow.Never)
            flow.LingerAt = now + flow.Stack.Options.FinWait2Timeout;
        return budget == 0;
    }

    /// <summary>RFC 8985 section 7.3; false when nothing could be sent.</summary>
    public static bool TrySendProbe(TcpFlow flow, long now, out bool retransmitted)
    {
        retransmitted = false;
        TcpPath.Follow(flow, now);
        var template = new SegmentTemplate(flow.Stack.Scratch);
        uint before = flow.SndNxt;
        int length = Math.Min(flow.Unsent, flow.Window.SegmentSize);
        if (length > 0 && length <= UsableWindow(flow) && flow.Scoreboard.TryReserve(flow.Stack.Rings, flow.Account))
        {
            if (SendOne(flow, ref template, length, fin: false, now))
                return flow.SndNxt != before;
            return false;
        }

        // The last segment, or as much of its end as fits one segment.
        ref var last = ref flow.Scoreboard.At(flow.Scoreboard.Count - 1);
        retransmitted = true;
        ushort name = flow.Scoreboard.NameOf(flow.Scoreboard.Count - 1);
        if (last.Is(SegmentMarks.Sacked) || !TrySendRange(flow, ref template, last.Seq, last.Length, last.Is(SegmentMarks.Fin), now))
            return false;
        NoteRetransmitted(flow, name, now);
        return true;
    }

    /// <summary>A window that has been closed for long is asked for; one that is too small to be worth it is used after all (RFC 1122 section 4.2.3.4).</summary>
    public static void ProbeWindow(TcpFlow flow, long now)
    {
        var template = new SegmentTemplate(flow.Stack.Scratch);
        int window = UsableWindow(flow);
        int length = Math.Min(flow.Unsent, Math.Min(window, flow.Window.SegmentSize));
        if (length > 0 && flow.Scoreboard.TryReserve(flow.Stack.Rings, flow.Account))
            SendOne(flow, ref template, length, fin: false, now);
        else if (flow.Unsent > 0 || NeedsFin(flow))
            SendProbe(flow, now);
    }

    private static bool Retransmit(TcpFlow flow, ref SegmentTemplate template, ref int budget, long now)
    {
        // RFC 5682: while new data is out to tell whether the timeout was spurious, the rest waits.
        if (flow.ForwardProbeSent)
            return true;
        for (; budget > 0 && flow.Scoreboard.FirstLost != Scoreboard.None; budget--)
        {
            ushort name = flow.Scoreboard.FirstLost;
            ref var segment = ref flow.Scoreboard.Named(name);
            int pipe = LossRecovery.Pipe(flow);
            if (pipe > 0 && pipe + segment.Length > flow.Window.Size)
                return true;
            if (!CanContinue(flow) || !TrySendRange(flow, ref template, segment.Seq, segment.Length, segment.Is(SegmentMarks.Fin), now))
                return false;
            NoteRetransmitted(flow, name, now);

            // As Linux: the timeout measures the age of the last attempt at the first segment.
            if (segment.Seq == flow.SndUna || flow.RtoAt == TcpFlow.Never)
                TcpTimers.RestartRto(flow, now);
        }

        return true;
    }

    private static bool SendNew(TcpFlow flow, ref SegmentTemplate template, ref int budget, long now)
    {
        if (!flow.CanSendData || flow.FinSent)
            return true;
        RestartAfterIdle(flow, now);
        bool sent = false;
        while (budget > 0)
        {
            int unsent = flow.Unsent;
            bool fin = NeedsFin(flow);
            if (unsent == 0 && !fin)
            {
                if (LossRecovery.Pipe(flow) < flow.Window.Size && flow.Scoreboard.LostCount == 0)
                    DeliveryRate.OnAppLimited(flow);
                break;
            }

            int window = UsableWindow(flow);
            int length = Math.Min(unsent, flow.Window.SegmentSize);
            if (length > window && !IsWorthSending(flow, window))
                break;
            length = Math.Min(length, Math.Max(0, window));
            bool withFin = fin && length == unsent && length < window;
            if (length == 0 && !withFin)
                break;
            int pipe = LossRecovery.Pipe(flow);
            if (pipe > 0 && pipe + length > flow.Window.Size)
            {
                flow.WindowLimited = true;
                flow.WindowLimitedUntil = flow.SndNxt;
                break;
            }

            if (flow.Scoreboard.Count >= SpareRecords + (4L * flow.Window.Size / flow.Window.SegmentSize)
                || IsPaced(flow, length, now)
                || !flow.Scoreboard.TryReserve(flow.Stack.Rings, flow.Account))
                break;
            if (!CanContinue(flow) || !SendOne(flow, ref template, length, withFin, now))
                return false;
            sent = true;
            budget--;
        }

        if (sent)
            TcpTimers.ScheduleTlp(flow, now);
        return true;
    }

    // A new segment at SND.NXT. Room for its record has been made.
    private static bool SendOne(TcpFlow flow, ref SegmentTemplate template, int length, bool fin, long now)
    {
        if (!TrySendRange(flow, ref template, flow.SndNxt, length + (fin ? 1 : 0), fin, now))
            return false;
        bool first = flow.Scoreboard.Count == 0;
        ref var segment = ref flow.Scoreboard.Append(flow.SndNxt, length + (fin ? 1 : 0), fin ? SegmentMarks.Fin : SegmentMarks.None, now);
        DeliveryRate.OnSent(flow, ref segment, first, now);
        flow.SndNxt += (uint)segment.Length;
        flow.LastSentAt = now;
        if (flow.Recovery == RecoveryState.Recovery)
            flow.Prr.OnSent(segment.Length);
        if (first)
            flow.StalledSince = now;
        if (first || flow.RtoAt == TcpFlow.Never)
            TcpTimers.RestartRto(flow, now);
        if (fin)
        {
            flow.FinSent = true;
            flow.TcpState = flow.TcpState == TcpState.CloseWait ? TcpState.LastAck : TcpState.FinWait1;
        }

        return true;
    }

    // A range of the sequence space, in as many segments as it takes: one, unless the segment size has fallen since it was sent.
    private static bool TrySendRange(TcpFlow flow, ref SegmentTemplate template, uint seq, int length, bool fin, long now)
    {
        if (!template.IsReady)
            template.Prepare(flow, WindowField(flow), Options(flow, now));
        int payload = fin ? length - 1 : length;
        long offset = flow.SendOffset(seq);
        do
        {
            int part = Math.Min(payload, flow.Window.SegmentSize);
            bool last = part == payload;
            var flags = TcpFlags.Ack;
            if (last && fin)
                flags |= TcpFlags.Fin;
            if (part > 0 && offset + part == flow.SendQueue.Tail)
                flags |= TcpFlags.Psh;
            if (!template.TryWrite(flow, seq, flags, offset, part))
                return false;
            seq += (uint)part;
            offset += part;
            payload -= part;
        }
        while (payload > 0);

        // Data carries no SACK blocks: where there is something to tell, an acknowledgement of its own follows.
        bool untold = flow.AckNow && (flow.OutOfOrder is not null || flow.DsackLeft != flow.DsackRight);
        NoteAckSent(flow);
        flow.AckNow = untold;
        return true;
    }

    private static void NoteRetransmitted(TcpFlow flow, ushort name, long now)
    {
        flow.Scoreboard.MarkRetransmitted(name, now);
        ref var segment = ref flow.Scoreboard.Named(name);
        DeliveryRate.OnSent(flow, ref segment, false, now);
        LossRecovery.NoteRetransmission(flow, now);
        if (flow.Recovery == RecoveryState.Recovery)
            flow.Prr.OnSent(segment.Length);
        flow.LastSentAt = now;
        flow.Retransmissions++;
        flow.Stack.Counters.SegmentsRetransmitted++;
    }

    private static bool CanContinue(TcpFlow flow) => flow.Stack.Sink.CanSend(flow.Peer);

    private static bool NeedsFin(TcpFlow flow) => flow.SendClosed && !flow.FinSent;

    // SND.UNA + SND.WND - SND.NXT; negative when the peer has moved its right edge back.
    private static int UsableWindow(TcpFlow flow) => Seq.Distance(flow.SndNxt, flow.SndUna + (uint)flow.SndWnd);

    // RFC 1122 section 4.2.3.4: less than a full segment only when it is half of what the peer ever offered.
    private static bool IsWorthSending(TcpFlow flow, int window) => window > 0 && window >= flow.MaxSndWnd / 2;

    // RFC 5681 section 4.1.
    private static void RestartAfterIdle(TcpFlow flow, long now)
    {
        if (flow.Scoreboard.Count > 0 || (flow.Unsent == 0 && !NeedsFin(flow)))
            return;
        long idle = now - flow.LastSentAt;
        if (idle <= TcpTimers.Rto(flow))
            return;
        flow.Congestion.OnIdle(idle);
        if (flow.Window.Size > flow.Window.Initial)
        {
            flow.Window.SlowStartThreshold = Math.Max(flow.Window.SlowStartThreshold, flow.Window.Size / 4 * 3);
            flow.Window.Size = flow.Window.Initial;
        }
    }

    private static bool IsPaced(TcpFlow flow, int length, long now)
    {
        long rate = flow.Congestion.PacingRate;
        if (rate == 0)
            return false;
        if (flow.PaceAt != TcpFlow.Never && flow.PaceAt > now)
            return true;

        // The wheel ticks in milliseconds: what the rate allows in one tick may go at once.
        long from = flow.PaceAt == TcpFlow.Never ? now : Math.Max(flow.PaceAt, now - 1000);
        flow.PaceAt = from + (length * 1_000_000L / rate);
        return false;
    }

    private static void NoteSendSpace(TcpFlow flow)
    {
        if (flow.SendSpaceWanted && flow.MemoryAt == TcpFlow.Never && !flow.SendClosed && flow.HasSendSpace)
        {
            flow.SendSpaceWanted = false;
            flow.Events |= FlowEvents.SendSpace;
            flow.Stack.MarkDirty(flow);
        }
    }

    // Data is queued, nothing is in flight that would bring an acknowledgement, and the window is closed or too small.
    private static void ArmPersist(TcpFlow flow, long now)
    {
        bool waiting = flow.Scoreboard.Count == 0 && flow.CanSendData && (flow.Unsent > 0 || NeedsFin(flow));
        if (!waiting)
            flow.PersistAt = TcpFlow.Never;
        else if (flow.PersistAt == TcpFlow.Never)
            flow.PersistAt = now + flow.Rtt.Rto(flow.PersistBackoff, flow.Stack.Options.MinimumRto, flow.Stack.Options.MaximumRto);
    }
}
