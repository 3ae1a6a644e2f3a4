using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// SEGMENT ARRIVES (RFC 9293 section 3.10.7.4), in its order: sequence number, RST, SYN, ACK, text, FIN. What is to be sent is only
/// noted, but for the duplicate acknowledgements that a sender counts.
/// </summary>
internal static partial class TcpInput
{
    // RFC 7323 section 5.5: after 24 days the peer's clock may have wrapped.
    private const long PawsIdle = 24L * 24 * 3600 * 1_000_000;

    // RFC 5961 section 7; acknowledgements of what carries no data can chase each other for ever.
    private const long ChallengeInterval = 1_000_000;
    private const long OutOfWindowInterval = 500_000;

    public static void Receive(TcpFlow flow, in Segment segment, in TcpView view, long now)
    {
        flow.LastReceivedAt = now;
        flow.Probes = 0;
        if (flow.Stack.Options.FastPath && TryFastPath(flow, segment, now))
            return;
        if (flow.TcpState == TcpState.SynSent)
        {
            TcpHandshake.ReceiveInSynSent(flow, segment, view, now);
            return;
        }

        if (flow.TcpState == TcpState.SynReceived && segment.IsSyn && segment.Seq == flow.Irs)
        {
            // The SYN again: our SYN,ACK was lost, or, in a simultaneous open, the peer answers ours.
            if (!segment.IsAck)
            {
                TcpHandshake.TrySendSyn(flow, now);
                return;
            }
        }
        else if (!IsCurrent(flow, segment, now) || !IsAcceptable(flow, segment, now))
        {
            return;
        }
        else if (segment.IsRst)
        {
            ReceiveReset(flow, segment, now);
            return;
        }
        else if (segment.IsSyn)
        {
            flow.Stack.Counters.Drop(DropReason.ChallengedSyn);
            Challenge(flow, now);
            return;
        }

        if (flow.TimestampsOn && segment.HasTimestamps)
            UpdateTimestamp(flow, segment, now);
        if (!segment.IsAck || !ReceiveAck(flow, segment, now))
            return;
        if (!segment.Payload.IsEmpty || segment.IsFin)
            ReceiveText(flow, segment.IsSyn ? segment.Seq + 1 : segment.Seq, segment.Payload, segment.IsFin, now);
    }

    /// <summary>An ACK that a blind attacker gains nothing from: what the other side sent is checked by its own state (RFC 5961 section 7).</summary>
    public static void Challenge(TcpFlow flow, long now)
    {
        if (flow.ChallengeAt != long.MinValue && now - flow.ChallengeAt < ChallengeInterval)
            return;
        flow.ChallengeAt = now;
        TcpOutput.SendAck(flow, now);
    }

    // In sequence, nothing but data or an acknowledgement, nothing that changes the window's meaning. The long path does the same, slower.
    private static bool TryFastPath(TcpFlow flow, in Segment segment, long now)
    {
        if (flow.TcpState != TcpState.Established
            || (segment.Flags & ~TcpFlags.Psh) != TcpFlags.Ack
            || segment.Seq != flow.RcvNxt
            || segment.SackBlockCount != 0
            || flow.OutOfOrder is not null
            || flow.ReceiveClosed
            || segment.HasTimestamps != flow.TimestampsOn)
            return false;
        int length = segment.Payload.Length;
        if (length > (int)(flow.RcvAdv - flow.RcvNxt) || flow.RcvFinKnown)
            return false;
        if (flow.TimestampsOn)
        {
            if (Seq.Less(segment.TimestampValue, flow.TsRecent))
                return false;
            UpdateTimestamp(flow, segment, now);
        }

        if (segment.Ack != flow.SndUna || segment.Window << flow.SndShift != flow.SndWnd || length == 0)
        {
            if (!ReceiveAck(flow, segment, now))
                return true;
            if (length == 0)
            {
                flow.Stack.Counters.FastPathSegments++;
                return true;
            }
        }
        else
        {
            flow.SndWl1 = segment.Seq;
            flow.SndWl2 = segment.Ack;
        }

        flow.Stack.Counters.FastPathSegments++;
        AppendInOrder(flow, segment.Payload, now);
        ScheduleAck(flow, length, now);
        return true;
    }

    /// <summary>PAWS (RFC 7323 section 5.3).</summary>
    private static bool IsCurrent(TcpFlow flow, in Segment segment, long now)
    {
        // As in Linux, a segment without the option is let pass: some middle boxes strip it from keepalives.
        if (!flow.TimestampsOn || !segment.HasTimestamps || segment.IsRst)
            return true;
        if (Seq.Less(segment.TimestampValue, flow.TsRecent) && now - flow.TsRecentAt < PawsIdle)
        {
            flow.Stack.Counters.Drop(DropReason.Paws);
            NoteDuplicate(flow, segment);
            AnswerOutOfWindow(flow, segment, now);
            return false;
        }

        return true;
    }

    // RFC 7323 section 4.3, of segments that passed PAWS and are acceptable.
    private static void UpdateTimestamp(TcpFlow flow, in Segment segment, long now)
    {
        if (Seq.Greater(segment.Seq, flow.LastAckSent) || (Seq.Less(segment.TimestampValue, flow.TsRecent) && now - flow.TsRecentAt < PawsIdle))
            return;
        flow.TsRecent = segment.TimestampValue;
        flow.TsRecentAt = now;
    }

    /// <summary>
    /// RFC 9293 section 3.10.7.4, first step. Segments with text before or beyond the window pass when part of them is in it, and what
    /// stands at RCV.NXT passes even when the window is closed, since its ACK and RST count: the text is cut later.
    /// </summary>
    private static bool IsAcceptable(TcpFlow flow, in Segment segment, long now)
    {
        int window = (int)(flow.RcvAdv - flow.RcvNxt);
        int length = segment.Length;
        bool acceptable = length == 0 || window == 0
            ? segment.Seq == flow.RcvNxt || IsInWindow(flow, segment.Seq, window)
            : IsInWindow(flow, segment.Seq, window) || IsInWindow(flow, segment.End - 1, window)
                || flow.RcvNxt - segment.Seq < (uint)length;
        if (acceptable)
            return true;

        flow.Stack.Counters.Drop(DropReason.Unacceptable);
        if (segment.IsRst)
            return false;
        NoteDuplicate(flow, segment);
        AnswerOutOfWindow(flow, segment, now);
        return false;
    }

    private static bool IsInWindow(TcpFlow flow, uint seq, int window) =>
        Seq.GreaterOrEqual(seq, flow.RcvNxt) && Seq.Distance(flow.RcvNxt, seq) < window;

    // The peer's probe of a closed window, a keepalive, a late copy. Data is always answered: no loop of ours carries any.
    private static void AnswerOutOfWindow(TcpFlow flow, in Segment segment, long now)
    {
        if (flow.TcpState == TcpState.SynReceived && segment.IsSyn && segment.Seq == flow.Irs)
        {
            TcpHandshake.TrySendSyn(flow, now);
            return;
        }

        if (segment.IsSyn)
        {
            Challenge(flow, now);
            return;
        }

        if (segment.Length == 0)
        {
            if (flow.OutOfWindowAckAt != long.MinValue && now - flow.OutOfWindowAckAt < OutOfWindowInterval)
                return;
            flow.OutOfWindowAckAt = now;
        }

        TcpOutput.SendAck(flow, now);
    }

    /// <summary>RFC 5961 section 3.2.</summary>
    private static void ReceiveReset(TcpFlow flow, in Segment segment, long now)
    {
        if (segment.Seq != flow.RcvNxt)
        {
            flow.Stack.Counters.Drop(DropReason.ChallengedReset);
            Challenge(flow, now);
            return;
        }

        flow.Stack.Counters.ResetsReceived++;
        flow.Events |= FlowEvents.PeerReset;
        flow.Stack.Close(flow, flow.TcpState == TcpState.SynReceived && flow.IsActive ? CloseReason.Refused : CloseReason.PeerReset);
    }

    // RFC 2883 section 4.1: a segment of which nothing is new is reported.
    private static void NoteDuplicate(TcpFlow flow, in Segment segment)
    {
        if (flow.SackOn && !segment.Payload.IsEmpty && Seq.Less(segment.Seq, flow.RcvNxt))
            (flow.DsackLeft, flow.DsackRight) = (segment.Seq, Seq.Min(segment.Seq + (uint)segment.Payload.Length, flow.RcvNxt));
    }
}
