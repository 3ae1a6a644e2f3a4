using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>The three-way handshake of a flow: what SYNs carry, and the states before ESTABLISHED (RFC 9293 sections 3.5 and 3.10.7.3).</summary>
internal static class TcpHandshake
{
    // RFC 9293 section 3.7.1: what a peer takes that does not say.
    private const int DefaultSegmentSize4 = 536;
    private const int DefaultSegmentSize6 = 1220;

    // RFC 7323 section 2.3.
    private const int MaximumShift = 14;

    private const int TimestampsLength = 12;

    /// <summary>What both SYNs carry is in force (RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2).</summary>
    public static void TakeOptions(TcpFlow flow, ushort? maximumSegmentSize, byte? windowScale, bool sackPermitted, bool hasTimestamps, uint timestampValue)
    {
        var options = flow.Stack.Options;
        flow.TimestampsOn = options.Timestamps && hasTimestamps;
        flow.SackOn = options.SelectiveAcknowledgement && sackPermitted;
        if (flow.TimestampsOn)
            flow.TsRecent = timestampValue;
        flow.WindowScaleOn = options.WindowScaling && windowScale.HasValue;
        flow.SndShift = flow.WindowScaleOn ? Math.Min(windowScale.GetValueOrDefault(), (byte)MaximumShift) : (byte)0;
        flow.RcvShift = flow.WindowScaleOn ? options.WindowShift : (byte)0;

        int peers = maximumSegmentSize ?? (flow.IncomingKey.Source.IsIpv4 ? DefaultSegmentSize4 : DefaultSegmentSize6);
        int mss = Math.Min(Math.Max(peers, options.MinimumSegmentSize), OwnSegmentSize(flow));
        flow.Window.SegmentSize = flow.SegmentSizeLimit = mss - (flow.TimestampsOn ? TimestampsLength : 0);
        flow.Window.Size = flow.Window.Initial;
        flow.Window.SlowStartThreshold = CongestionWindow.Maximum;
    }

    /// <summary>SYN of an active open, SYN,ACK of a passive one; again after a timeout. False when the sink has no room.</summary>
    public static bool TrySendSyn(TcpFlow flow, long now)
    {
        var stack = flow.Stack;
        bool first = flow.TcpState == TcpState.SynSent;
        var options = new TcpOptions { MaximumSegmentSize = (ushort)OwnSegmentSize(flow) };
        if (first ? stack.Options.WindowScaling : flow.WindowScaleOn)
            options.WindowScale = stack.Options.WindowShift;
        options.SackPermitted = first ? stack.Options.SelectiveAcknowledgement : flow.SackOn;
        if (first ? stack.Options.Timestamps : flow.TimestampsOn)
        {
            options.HasTimestamps = true;
            options.TimestampValue = flow.TimestampAt(now);
            options.TimestampEchoReply = first ? 0 : flow.TsRecent;
        }

        // RFC 7323 section 2.2: the window of a SYN is never scaled.
        int window = Math.Min(ushort.MaxValue, flow.RcvLimit);
        var flags = first ? TcpFlags.Syn : TcpFlags.Syn | TcpFlags.Ack;
        if (!SegmentWriter.TryWrite(flow, flow.Iss, flags, (ushort)window, options))
            return false;
        flow.SndNxt = flow.Iss + 1;
        flow.RcvAdv = Seq.Max(flow.RcvAdv, flow.RcvNxt + (uint)window);
        flow.LastAckSent = flow.RcvNxt;
        if (flow.SynTransmissions++ == 0)
            flow.SynSentAt = now;
        flow.RtoAt = now + flow.Rtt.Rto(flow.SynTransmissions - 1, stack.Options.MinimumRto, stack.Options.MaximumRto);
        flow.AckNow = false;
        return true;
    }

    /// <summary>RFC 9293 section 3.10.7.3.</summary>
    public static void ReceiveInSynSent(TcpFlow flow, in Segment segment, in TcpView view, long now)
    {
        bool acknowledges = segment.IsAck && segment.Ack == flow.SndNxt && flow.SynTransmissions > 0;
        if (segment.IsAck && !acknowledges)
        {
            flow.Stack.Counters.Drop(DropReason.UnacceptableAck);
            StatelessReply.Reset(flow.Stack, flow.IncomingKey, flow.Peer, segment);
            return;
        }

        if (segment.IsRst)
        {
            if (!acknowledges)
                return;
            flow.Stack.Counters.ResetsReceived++;
            flow.Events |= FlowEvents.PeerReset;
            flow.Stack.Close(flow, CloseReason.Refused);
            return;
        }

        if (!segment.IsSyn || !view.TryGetOptions(out var options))
            return;
        flow.Irs = segment.Seq;
        flow.RcvNxt = flow.LastAckSent = segment.Seq + 1;
        flow.RcvAdv = flow.RcvNxt + (uint)Math.Min(ushort.MaxValue, flow.RcvLimit);
        TakeOptions(
            flow,
            options.MaximumSegmentSize,
            options.WindowScale,
            options.SackPermitted,
            options.HasTimestamps,
            options.TimestampValue);
        flow.SndWnd = flow.MaxSndWnd = segment.Window;
        flow.SndWl1 = segment.Seq;
        flow.SndWl2 = segment.Ack;
        if (!acknowledges)
        {
            // Simultaneous open: our SYN is repeated as SYN,ACK.
            flow.TcpState = TcpState.SynReceived;
            flow.SynTransmissions = 0;
            flow.Stack.MarkDirty(flow);
            return;
        }

        Establish(flow, now);
        flow.AckNow = true;

        // RFC 9293 section 3.10.7.3: text of the SYN,ACK is taken as that of the segment behind it would be.
        if (!segment.Payload.IsEmpty || segment.IsFin)
            TcpInput.ReceiveText(flow, segment.Seq + 1, segment.Payload, segment.IsFin, now);
    }

    /// <summary>Our SYN was acknowledged.</summary>
    public static void Establish(TcpFlow flow, long now)
    {
        flow.SndUna = flow.Iss + 1;
        flow.TcpState = TcpState.Established;
        flow.RtoAt = TcpFlow.Never;

        // Karn: a SYN that was sent twice gives no sample.
        if (flow.SynTransmissions == 1)
            flow.Rtt.Add(now - flow.SynSentAt, now - flow.SynSentAt, now);
        flow.Backoff = 0;
        flow.Events |= FlowEvents.Connected;
        flow.Stack.MarkDirty(flow);
    }

    /// <summary>The segment size that we offer: what fits the tunnel without options (RFC 6691).</summary>
    private static int OwnSegmentSize(TcpFlow flow) => TcpPath.LargestMtu(flow) - flow.HeaderLength;
}
