namespace Keyhole.NetStack;

// Text and FIN (RFC 9293 section 3.10.7.4, seventh and eighth step), and when they are acknowledged (RFC 5681 section 4.2).
internal static partial class TcpInput
{
    // One batch of a receiver with GRO: a longer silence stalls a sender's slow start.
    private const int StretchLimit = 32 << 10;

    /// <summary>Takes the text of an acceptable segment as far as the window reaches, and the FIN behind it.</summary>
    public static void ReceiveText(TcpFlow flow, uint seq, ReadOnlySpan<byte> text, bool fin, long now)
    {
        if (!flow.CanReceiveData)
        {
            // The peer's FIN came before: whatever lies behind it is no text. A FIN again means that our ACK was lost.
            TcpOutput.SendAck(flow, now);
            return;
        }

        if (flow.ReceiveClosed && Seq.Greater(seq + (uint)text.Length, flow.RcvNxt))
        {
            TcpOutput.SendReset(flow);
            flow.Stack.Close(flow, CloseReason.DataAfterClose);
            return;
        }

        int arrived = text.Length;
        TakeFin(flow, seq, text.Length, fin);
        uint end = Seq.Min(seq + (uint)text.Length, flow.RcvFinKnown ? Seq.Min(flow.RcvFinSeq, flow.RcvAdv) : flow.RcvAdv);
        bool cut = end != seq + (uint)text.Length || (fin && !flow.RcvFinKnown);
        bool wasOutOfOrder = flow.OutOfOrder is not null;
        bool duplicate = false;
        if (Seq.Less(seq, flow.RcvNxt))
        {
            uint right = Seq.Min(seq + (uint)text.Length, flow.RcvNxt);
            duplicate = right != seq;
            if (duplicate && flow.SackOn)
                (flow.DsackLeft, flow.DsackRight) = (seq, right);
            text = text[Math.Min(text.Length, Seq.Distance(seq, flow.RcvNxt))..];
            seq = flow.RcvNxt;
        }

        if (Seq.Less(seq, end))
        {
            text = text[..Seq.Distance(seq, end)];
            if (seq != flow.RcvNxt)
                StoreOutOfOrder(flow, seq, text);
            else if (wasOutOfOrder)
                FillHole(flow, text, now);
            else
                AppendInOrder(flow, text, now);
        }

        if (flow.RcvFinKnown && flow.RcvNxt == flow.RcvFinSeq)
            ReceiveFin(flow, now);
        else if (duplicate || wasOutOfOrder || flow.OutOfOrder is not null || cut || flow.RcvFinKnown)
            TcpOutput.SendAck(flow, now);
        else
            ScheduleAck(flow, arrived, now);
    }

    private static void AppendInOrder(TcpFlow flow, ReadOnlySpan<byte> text, long now)
    {
        int written = flow.ReceiveQueue.Write(flow.Stack.Slabs, flow.Account, flow.ReceiveQueue.Tail, text);
        if (written < text.Length)
        {
            // No memory: the rest was not received. Its sender keeps it.
            flow.Stack.Counters.Drop(DropReason.BufferBudget);
            flow.AckNow = true;
        }

        flow.ReceiveQueue.Append(written);
        flow.RcvNxt += (uint)written;
        Delivered(flow, written, now);
    }

    // The segment at RCV.NXT while others wait behind it: it may overlap them, and they may follow on it.
    private static void FillHole(TcpFlow flow, ReadOnlySpan<byte> text, long now)
    {
        long start = flow.ReceiveQueue.Tail;
        long end = WriteGaps(flow, start, text);
        var store = flow.OutOfOrder!;
        end = store.Advance(end);
        if (store.Count == 0)
        {
            flow.OutOfOrder = null;
            flow.Stack.ReturnStore(store);
        }

        int length = (int)(end - start);
        flow.ReceiveQueue.Append(length);
        flow.RcvNxt += (uint)length;
        Delivered(flow, length, now);
    }

    private static void StoreOutOfOrder(TcpFlow flow, uint seq, ReadOnlySpan<byte> text)
    {
        if (flow.Stack.Budget.IsShort(flow.Account))
        {
            Renege(flow);
            flow.Stack.Counters.Drop(DropReason.BufferBudget);
            return;
        }

        long start = flow.ReceiveOffset(seq);
        long end = start + text.Length;
        var store = flow.OutOfOrder ??= flow.Stack.RentStore();
        if (!store.CanAdd(start, end))
        {
            flow.Stack.Counters.Drop(DropReason.TooManyHoles);
            return;
        }

        // RFC 2883 section 4.2: a duplicate behind a hole is reported with the block that has it.
        if (flow.SackOn && store.Contains(start, end, out _))
            (flow.DsackLeft, flow.DsackRight) = (seq, seq + (uint)text.Length);
        end = WriteGaps(flow, start, text);
        if (end > start)
        {
            store.Add(start, end);
        }
        else if (store.Count == 0)
        {
            flow.OutOfOrder = null;
            flow.Stack.ReturnStore(store);
        }
    }

    // Writes what is not there yet; of bytes that are, the first copy stays. Returns the offset behind the last byte that found memory.
    private static long WriteGaps(TcpFlow flow, long start, ReadOnlySpan<byte> text)
    {
        var store = flow.OutOfOrder!;
        long end = start + text.Length;
        for (long at = start; store.TryFindGap(at, end, out long gapStart, out long gapEnd); at = gapEnd)
        {
            int length = (int)(gapEnd - gapStart);
            int written = flow.ReceiveQueue.Write(flow.Stack.Slabs, flow.Account, gapStart, text.Slice((int)(gapStart - start), length));
            if (written < length)
            {
                flow.Stack.Counters.Drop(DropReason.BufferBudget);
                return gapStart + written;
            }
        }

        return end;
    }

    /// <summary>Gives up what lies behind holes: legal by RFC 2018 section 8, since it was never acknowledged cumulatively.</summary>
    private static void Renege(TcpFlow flow)
    {
        if (flow.OutOfOrder is not { } store)
            return;
        flow.OutOfOrder = null;
        flow.Stack.ReturnStore(store);
        flow.ReceiveQueue.TrimTail(flow.Stack.Slabs, flow.Account, flow.ReceiveQueue.Tail);
        flow.Stack.Counters.Reneged++;
    }

    private static void Delivered(TcpFlow flow, int length, long now)
    {
        if (length == 0)
            return;
        flow.BytesReceived += length;
        flow.Stack.Counters.BytesReceived += length;
        flow.LastDataAt = now;
        flow.Events |= FlowEvents.Readable;
        flow.Stack.MarkDirty(flow);
    }

    // Notes where the stream ends.
    private static void TakeFin(TcpFlow flow, uint seq, int length, bool fin)
    {
        uint at = seq + (uint)length;

        // At the right edge a FIN is let in: it needs no room. The first one counts.
        if (fin && !flow.RcvFinKnown && Seq.LessOrEqual(at, flow.RcvAdv) && Seq.GreaterOrEqual(at, flow.RcvNxt))
        {
            flow.RcvFinKnown = true;
            flow.RcvFinSeq = at;
        }
    }

    private static void ReceiveFin(TcpFlow flow, long now)
    {
        flow.RcvNxt++;
        flow.RcvAdv = Seq.Max(flow.RcvAdv, flow.RcvNxt);
        flow.PeerFinished = true;
        flow.Events |= FlowEvents.PeerFin;
        flow.AckNow = true;
        flow.LastDataAt = now;
        switch (flow.TcpState)
        {
            case TcpState.Established:
                flow.TcpState = TcpState.CloseWait;
                break;
            case TcpState.FinWait1:
                // Our FIN would have moved us to FIN-WAIT-2 when this segment acknowledged it.
                flow.TcpState = TcpState.Closing;
                break;
            case TcpState.FinWait2:
                TcpOutput.SendAck(flow, now);
                flow.Stack.Finish(flow, timeWait: true);
                break;
        }

        flow.Stack.MarkDirty(flow);
    }

    /// <summary>
    /// RFC 5681 section 4.2 and RFC 1122 section 4.2.3.2, per batch: at the next Flush once two full segments are unacknowledged or the
    /// connection is young, otherwise after the delay; at once when a batch grows long.
    /// </summary>
    private static void ScheduleAck(TcpFlow flow, int length, long now)
    {
        if (length == 0)
            return;
        if (length > flow.RcvMss)
            flow.RcvMss = Math.Min(length, flow.Stack.Options.Mtu - flow.HeaderLength);
        int unacknowledged = Seq.Distance(flow.LastAckSent, flow.RcvNxt);
        if (unacknowledged >= StretchLimit)
        {
            TcpOutput.SendAck(flow, now);
            return;
        }

        if (flow.QuickAcks > 0)
        {
            flow.QuickAcks--;
            flow.AckNow = true;
        }
        else if (unacknowledged >= 2 * flow.RcvMss)
        {
            flow.AckNow = true;
        }
        else if (flow.AckAt == TcpFlow.Never)
        {
            flow.AckAt = now + flow.Stack.Options.DelayedAckTimeout;
        }

        flow.Stack.MarkDirty(flow);
    }
}
