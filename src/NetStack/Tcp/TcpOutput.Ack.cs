using Keyhole.Packets;

namespace Keyhole.NetStack;

// Acknowledgements, the receive window, probes and resets.
internal static partial class TcpOutput
{
    /// <summary>A pure acknowledgement, with what is known of holes and duplicates. False when the sink has no room.</summary>
    public static bool SendAck(TcpFlow flow, long now)
    {
        if (!flow.IsSynchronised && flow.TcpState != TcpState.SynReceived)
            return true;
        var options = Options(flow, now);
        AddSackBlocks(flow, ref options);
        if (!SegmentWriter.TryWrite(flow, flow.SndNxt, TcpFlags.Ack, WindowField(flow), options))
            return false;
        NoteAckSent(flow);
        return true;
    }

    /// <summary>
    /// Asks for an acknowledgement with a number that was acknowledged long ago: a keepalive, or the probe of a closed window, as Linux
    /// sends it.
    /// </summary>
    public static void SendProbe(TcpFlow flow, long now)
    {
        if (CanContinue(flow))
            SegmentWriter.TryWrite(flow, flow.SndUna - 1, TcpFlags.Ack, WindowField(flow), Options(flow, now));
    }

    /// <summary>RST at SND.NXT, which the peer takes at once (RFC 5961 section 3).</summary>
    public static void SendReset(TcpFlow flow)
    {
        if (!CanContinue(flow))
            return;
        SegmentWriter.TryWrite(flow, flow.SndNxt, TcpFlags.Rst | TcpFlags.Ack, 0, default);
        flow.Stack.Counters.ResetsSent++;
    }

    private static TcpOptions Options(TcpFlow flow, long now)
    {
        var options = new TcpOptions();
        if (flow.TimestampsOn)
        {
            options.HasTimestamps = true;
            options.TimestampValue = flow.TimestampAt(now);
            options.TimestampEchoReply = flow.TsRecent;
        }

        return options;
    }

    // RFC 2018 section 4: the most recent block first; before it, a duplicate (RFC 2883), reported once.
    private static void AddSackBlocks(TcpFlow flow, ref TcpOptions options)
    {
        if (!flow.SackOn)
            return;
        if (flow.DsackLeft != flow.DsackRight)
        {
            options.TryAddSackBlock(new SackBlock(flow.DsackLeft, flow.DsackRight));
            flow.DsackLeft = flow.DsackRight = 0;
        }

        if (flow.OutOfOrder is not { } store)
            return;
        Span<OutOfOrderStore.Interval> recent = stackalloc OutOfOrderStore.Interval[SackBlocks.Maximum];
        int count = store.MostRecent(recent);
        for (int i = 0; i < count; i++)
        {
            uint left = flow.RcvNxt + (uint)(recent[i].Start - flow.ReceiveQueue.Tail);
            uint right = flow.RcvNxt + (uint)(recent[i].End - flow.ReceiveQueue.Tail);
            if (!options.TryAddSackBlock(new SackBlock(left, right)))
                break;
        }
    }

    private static void NoteAckSent(TcpFlow flow)
    {
        flow.LastAckSent = flow.RcvNxt;
        flow.AckNow = false;
        flow.AckAt = TcpFlow.Never;
    }

    /// <summary>
    /// RCV.WND as the header carries it, and the right edge that it promises. The edge never moves back (RFC 7323 section 2.4), and
    /// forward only by steps that are worth a segment (RFC 1122 section 4.2.3.3).
    /// </summary>
    private static ushort WindowField(TcpFlow flow)
    {
        int current = Seq.Distance(flow.RcvNxt, flow.RcvAdv);
        int offered = NextWindow(flow, current);
        int shift = flow.RcvShift;

        // Rounding down must not take back what was promised: then it is rounded up, unless that has gone on for so long that the edge
        // lies a whole step beyond the buffer. Then the peer sees up to a step less, and what it sends beyond is taken all the same.
        int field = offered >> shift;
        int step = 1 << shift;
        int honest = flow.RcvLimit - flow.ReceiveQueue.Length + step - 1;
        if (field << shift < current && ((current + step - 1) >> shift << shift) <= honest)
            field = (current + step - 1) >> shift;
        field = Math.Min(field, ushort.MaxValue);
        flow.RcvAdv = field == 0 ? flow.RcvNxt : Seq.Max(flow.RcvAdv, flow.RcvNxt + (uint)(field << shift));
        return (ushort)field;
    }

    private static int NextWindow(TcpFlow flow, int current)
    {
        // A host that reads no more leaves the window as it is: what arrives is answered with RST.
        int free = flow.RcvLimit - flow.ReceiveQueue.Length;
        bool grows = free - current >= Math.Min(flow.RcvLimit / 2, flow.RcvMss) && !flow.Stack.Budget.IsExhausted(flow.Account);
        return grows ? free : current;
    }

    /// <summary>The window has opened by a quarter of the buffer or two segments, or from less than one (RFC 1122 section 4.2.3.3).</summary>
    private static bool IsWindowUpdateDue(TcpFlow flow)
    {
        if (flow.PeerFinished || !flow.CanReceiveData)
            return false;
        int current = Seq.Distance(flow.RcvNxt, flow.RcvAdv);
        int opened = NextWindow(flow, current) - current;

        // A window that is open wide enough needs no segment of its own: the next acknowledgement tells.
        if (opened <= 0 || current > flow.RcvLimit / 2)
            return false;
        return opened >= Math.Min(flow.RcvLimit / 4, 2 * flow.RcvMss) || current < flow.RcvMss;
    }

    /// <summary>
    /// Dynamic right-sizing: a host that takes in a round trip more than half of what the window lets in gets a window of twice what it took.
    /// </summary>
    private static void TuneReceiveWindow(TcpFlow flow, long now)
    {
        const long ShortestRound = 1_000;
        if (flow.ConsumedInRound == 0)
        {
            flow.ConsumeRoundAt = now;
            return;
        }

        if (now - flow.ConsumeRoundAt < Math.Max(ShortestRound, flow.Rtt.Smoothed))
            return;
        int wanted = (int)Math.Min(2L * flow.ConsumedInRound, flow.Stack.Options.MaximumReceiveWindow);
        if (wanted > flow.RcvLimit && flow.Stack.Budget.AllowsGrowth(flow.Account))
            flow.RcvLimit = Math.Min(wanted, 2 * flow.RcvLimit);
        flow.ConsumeRoundAt = now;
        flow.ConsumedInRound = 0;
    }
}
