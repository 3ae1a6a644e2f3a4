namespace Keyhole.NetStack;

// The ACK field (RFC 9293 section 3.10.7.4, fifth step), SACK blocks, the send window.
internal static partial class TcpInput
{
    // RFC 7323 section 4.1 forbids a tick shorter than a millisecond; this is ours.
    private const long TimestampTick = 1000;

    /// <summary>Takes the acknowledgement in; false when the segment ends here.</summary>
    private static bool ReceiveAck(TcpFlow flow, in Segment segment, long now)
    {
        if (flow.TcpState == TcpState.SynReceived && !CompleteHandshake(flow, segment, now))
            return false;

        // RFC 9293 and RFC 5961 section 5.
        if (Seq.Greater(segment.Ack, flow.SndNxt))
        {
            flow.Stack.Counters.Drop(DropReason.UnacceptableAck);
            if (segment.Payload.IsEmpty)
                Challenge(flow, now);
            else
                TcpOutput.SendAck(flow, now);
            return false;
        }

        if (Seq.Less(segment.Ack, flow.SndUna - (uint)flow.MaxSndWnd))
        {
            flow.Stack.Counters.Drop(DropReason.UnacceptableAck);
            Challenge(flow, now);
            return false;
        }

        var sample = new AckSample();
        int window = segment.Window << flow.SndShift;
        uint priorUna = flow.SndUna;
        int priorInFlight = flow.Scoreboard.InFlight;
        sample.IsDuplicateAck = segment.Ack == priorUna
            && segment.Length == 0
            && window == flow.SndWnd
            && flow.Scoreboard.Count > 0;
        if (segment.SackBlockCount > 0 && flow.SackOn)
            TakeSackBlocks(flow, segment, ref sample, now);
        if (Seq.Greater(segment.Ack, priorUna))
            Acknowledge(flow, segment, ref sample, now);
        UpdateSendWindow(flow, segment, window);
        if (flow.Scoreboard.Count > 0 || sample.Advanced || sample.Duplicate)
        {
            AddRttSample(flow, segment, sample, now);
            LossRecovery.OnAcknowledged(flow, segment, ref sample, priorUna, priorInFlight, now);
        }

        return AdvanceState(flow);
    }

    private static bool CompleteHandshake(TcpFlow flow, in Segment segment, long now)
    {
        if (flow.SynTransmissions == 0 || segment.Ack != flow.Iss + 1)
        {
            // RFC 9293 section 3.10.7.4: reset, and wait on.
            flow.Stack.Counters.Drop(DropReason.UnacceptableAck);
            StatelessReply.Reset(flow.Stack, flow.IncomingKey, flow.Peer, segment);
            return false;
        }

        TcpHandshake.Establish(flow, now);
        flow.SndWnd = segment.Window << flow.SndShift;
        flow.MaxSndWnd = Math.Max(flow.MaxSndWnd, flow.SndWnd);
        flow.SndWl1 = segment.Seq;
        flow.SndWl2 = segment.Ack;
        return true;
    }

    private static void Acknowledge(TcpFlow flow, in Segment segment, ref AckSample sample, long now)
    {
        uint ack = segment.Ack;
        sample.Advanced = true;
        while (flow.Scoreboard.Count > 0)
        {
            ref var first = ref flow.Scoreboard.At(0);
            if (Seq.LessOrEqual(first.End, ack))
            {
                if (!first.Is(SegmentMarks.Sacked))
                    NoteDelivered(flow, segment, first, ref sample, now);
                flow.Scoreboard.RemoveFirst();
                continue;
            }

            int part = Seq.Distance(first.Seq, ack);
            if (part > 0)
            {
                if (!first.Is(SegmentMarks.Sacked))
                    sample.Delivered += part;
                flow.Scoreboard.TrimFirst(part);
            }

            break;
        }

        // The FIN has a number but no byte in the queue.
        int length = Seq.Distance(flow.SndUna, ack);
        int bytes = flow.FinSent && ack == flow.SndNxt ? length - 1 : length;
        flow.SndUna = ack;
        if (bytes > 0)
        {
            flow.BytesAcknowledged += bytes;
            flow.LastDataAt = now;
            flow.SendQueue.Consume(flow.Stack.Slabs, flow.Account, bytes, flow.SendQueue.Tail);
        }

        if (flow.Scoreboard.Count == 0)
            flow.Scoreboard.Release(flow.Stack.Rings, flow.Account);
        flow.StalledSince = flow.Scoreboard.Count > 0 ? now : TcpFlow.Never;
        flow.Backoff = 0;
        flow.FullSizeTimeouts = 0;
        flow.PersistBackoff = 0;
        flow.Stack.MarkDirty(flow);
    }

    // RFC 2018 section 5, checked: only blocks between SND.UNA and SND.NXT say anything, others are noise or an attack.
    private static void TakeSackBlocks(TcpFlow flow, in Segment segment, ref AckSample sample, long now)
    {
        for (int i = 0; i < segment.SackBlockCount; i++)
        {
            var block = segment.SackBlocks[i];
            if (i == 0 && IsDuplicateReport(flow, segment))
            {
                sample.Duplicate = true;
                LossRecovery.OnDuplicateReported(flow, block);
                continue;
            }

            uint left = Seq.Max(block.Left, flow.SndUna);
            if (!Seq.Less(block.Left, block.Right) || Seq.Greater(block.Right, flow.SndNxt) || !Seq.Less(left, block.Right))
                continue;
            for (int index = flow.Scoreboard.Find(left); index < flow.Scoreboard.Count; index++)
            {
                ref var sent = ref flow.Scoreboard.At(index);
                if (Seq.Greater(sent.End, block.Right))
                    break;
                if (sent.Is(SegmentMarks.Sacked) || Seq.Less(sent.Seq, left))
                    continue;
                NoteDelivered(flow, segment, sent, ref sample, now);
                sample.Sacked = true;
                flow.Scoreboard.MarkSacked(flow.Scoreboard.NameOf(index));
            }
        }
    }

    // RFC 2883 section 4: the first block lies below the acknowledgement, or within the second block.
    private static bool IsDuplicateReport(TcpFlow flow, in Segment segment)
    {
        if (!flow.SackOn)
            return false;
        var first = segment.SackBlocks[0];
        if (!Seq.Less(first.Left, first.Right))
            return false;
        if (Seq.LessOrEqual(first.Right, segment.Ack))
            return true;
        if (segment.SackBlockCount < 2)
            return false;
        var second = segment.SackBlocks[1];
        return Seq.GreaterOrEqual(first.Left, second.Left) && Seq.LessOrEqual(first.Right, second.Right);
    }

    private static void NoteDelivered(TcpFlow flow, in Segment segment, in SentSegment sent, ref AckSample sample, long now)
    {
        sample.Delivered += sent.Length;
        bool predates = false;
        if (!sent.Is(SegmentMarks.Retransmitted))
        {
            if (sample.OldestSentAt == 0 || sent.SentAt < sample.OldestSentAt)
                sample.OldestSentAt = sent.SentAt;
            sample.YoungestSentAt = Math.Max(sample.YoungestSentAt, sent.SentAt);
            if (Seq.LessOrEqual(sent.End, flow.RecoveryPoint))
                sample.OriginalDelivered = true;
        }
        else
        {
            sample.RetransmittedDelivered = true;
            predates = flow.TimestampsOn && segment.HasTimestamps && Seq.Less(segment.TimestampEchoReply, flow.TimestampAt(sent.SentAt));
        }

        if (flow.SackOn)
            flow.Rack.OnDelivered(sent, flow.Rtt.Minimum, predates, now);
        DeliveryRate.OnDelivered(flow, sent, ref sample, now);
    }

    // RFC 6298 section 3 (Karn): what waited at the peer for a retransmission says nothing either. Then the timestamp is the witness.
    private static void AddRttSample(TcpFlow flow, in Segment segment, in AckSample sample, long now)
    {
        long limit = flow.Stack.Options.MaximumRto;
        long echoed = sample.Advanced ? EchoedRtt(flow, segment, now) : limit;
        if (sample.OldestSentAt == 0 || sample.RetransmittedDelivered)
        {
            if (echoed < limit)
                flow.Rtt.Add(echoed, echoed, now);
        }
        else if (sample.Advanced || flow.Recovery != RecoveryState.Loss)
        {
            // The echo also shows how much of the time passed only because an acknowledgement was lost.
            flow.Rtt.Add(Math.Min(now - sample.OldestSentAt, echoed), now - sample.YoungestSentAt, now);
        }
    }

    private static long EchoedRtt(TcpFlow flow, in Segment segment, long now)
    {
        long limit = flow.Stack.Options.MaximumRto;
        if (!flow.TimestampsOn || !segment.HasTimestamps || segment.TimestampEchoReply == 0)
            return limit;
        long elapsed = (Seq.Distance(segment.TimestampEchoReply, flow.TimestampAt(now)) + 1) * TimestampTick;
        return elapsed > 0 && elapsed < limit ? elapsed : limit;
    }

    // RFC 9293 section 3.10.7.4. A peer that moves its right edge back is put up with.
    private static void UpdateSendWindow(TcpFlow flow, in Segment segment, int window)
    {
        if (Seq.Less(segment.Ack, flow.SndUna)
            || !(Seq.Less(flow.SndWl1, segment.Seq) || (flow.SndWl1 == segment.Seq && Seq.LessOrEqual(flow.SndWl2, segment.Ack))))
            return;
        if (window != flow.SndWnd)
            flow.Stack.MarkDirty(flow);
        flow.SndWnd = window;
        flow.MaxSndWnd = Math.Max(flow.MaxSndWnd, window);
        flow.SndWl1 = segment.Seq;
        flow.SndWl2 = segment.Ack;
    }

    // What the acknowledgement of our FIN means in each state; false when the connection is over.
    private static bool AdvanceState(TcpFlow flow)
    {
        if (!flow.FinSent || flow.SndUna != flow.SndNxt)
            return true;
        switch (flow.TcpState)
        {
            case TcpState.FinWait1:
                flow.TcpState = TcpState.FinWait2;
                flow.Stack.MarkDirty(flow);
                return true;
            case TcpState.Closing:
                flow.Stack.Finish(flow, timeWait: true);
                return false;
            case TcpState.LastAck:
                flow.Stack.Finish(flow, timeWait: false);
                return false;
            default:
                return true;
        }
    }
}
