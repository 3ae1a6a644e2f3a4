using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// One TCP connection of the stack, as its host sees it. What the host does here shows on the wire at the next
/// <see cref="TcpStack.Flush"/>. Flows are pooled: the host forgets one in <see cref="IFlowHost.OnClosed"/>. Until then every method
/// may be called in every state; where nothing can be done any more, nothing is.
/// </summary>
public sealed partial class TcpFlow : Connection
{
    // With less room than this a full queue is left alone, so that the target is not read in crumbs.
    private const int WorthReserving = 4096;

    public TcpState TcpState { get; internal set; }

    /// <summary>Why the flow ended; None while it lives.</summary>
    public CloseReason CloseReason { get; internal set; }

    /// <summary>What the ICMP error said that ended an active open with <see cref="CloseReason.Unreachable"/>.</summary>
    public IcmpErrorKind UnreachableKind { get; internal set; }

    /// <summary>The FIN of the peer has arrived in sequence: nothing will be added to the receive queue.</summary>
    public bool PeerFinished { get; internal set; }

    /// <summary>The peer's FIN has arrived and every byte before it was consumed.</summary>
    public bool ReceiveFinished => PeerFinished && ReceiveLength == 0;

    /// <summary>Bytes that wait to be consumed.</summary>
    public int ReceiveLength => ReceiveQueue.Length;

    /// <summary>The first run of received bytes, without copying; empty when nothing waits. Valid until Consume.</summary>
    public ReadOnlySpan<byte> PeekReceive() =>
        ReceiveLength == 0 ? default : ReceiveQueue.Read(Stack.Slabs, ReceiveQueue.Head, ReceiveLength);

    /// <summary>
    /// Fills <paramref name="chunks"/> with the received bytes in order, without copying, and returns how many entries were used. The
    /// memory is pinned and lies in arrays, so it can be given to a gathering system call. Valid until Consume.
    /// </summary>
    public int PeekReceive(Span<ReadOnlyMemory<byte>> chunks)
    {
        int count = 0;
        for (long offset = ReceiveQueue.Head; offset < ReceiveQueue.Tail && count < chunks.Length; count++)
        {
            chunks[count] = ReceiveQueue.ReadMemory(Stack.Slabs, offset, (int)(ReceiveQueue.Tail - offset));
            offset += chunks[count].Length;
        }

        return count;
    }

    /// <summary>Drops the first bytes of the receive queue: the target has taken them. The window opens by as much.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="ReceiveLength"/>.</exception>
    public void Consume(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)ReceiveLength, nameof(length));
        if (length == 0)
            return;
        long keepUntil = OutOfOrder is { Count: > 0 } store ? store.End : ReceiveQueue.Tail;
        ReceiveQueue.Consume(Stack.Slabs, Account, length, keepUntil);
        ConsumedInRound += length;
        Stack.MarkDirty(this);
    }

    /// <summary>Bytes that the send queue would still take.</summary>
    public int SendSpace => SendClosed || CloseReason != CloseReason.None ? 0 : Math.Max(0, SendLimit - SendLength);

    /// <summary>Bytes in the send queue: not yet sent, or not yet acknowledged.</summary>
    public int SendLength => SendQueue.Length;

    /// <summary>
    /// Room at the end of the send queue, at most 16 KiB; empty when the queue is full, memory is short or the send side is closed:
    /// <see cref="IFlowHost.OnSendSpace"/> then says when to come back. Commit says how much of it was written, 0 included; between the
    /// two no other method of the stack or the flow may be called.
    /// </summary>
    public Span<byte> GetSendSpan()
    {
        Memory<byte> one = default;
        return GetSendSpans(new Span<Memory<byte>>(ref one)) == 0 ? default : one.Span;
    }

    /// <summary>The same over several pinned runs, for a scattering read; returns how many entries were used.</summary>
    public int GetSendSpans(Span<Memory<byte>> chunks)
    {
        int space = HasSendSpace ? SendSpace : 0;
        int count = 0;
        for (ReservedEnd = SendQueue.Tail; space > 0 && count < chunks.Length; count++)
        {
            var memory = SendQueue.Reserve(Stack.Slabs, Account, ReservedEnd);
            if (memory.IsEmpty)
                break;
            chunks[count] = memory[..Math.Min(space, memory.Length)];
            space -= chunks[count].Length;
            ReservedEnd += chunks[count].Length;
        }

        if (count == 0 && !SendClosed && CloseReason == CloseReason.None)
            Stack.WaitForSendSpace(this);
        return count;
    }

    /// <summary>The first <paramref name="length"/> bytes of what GetSendSpan or GetSendSpans gave are to be sent; the rest is given back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than was given.</exception>
    public void Commit(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)length, (ulong)Math.Max(0, ReservedEnd - SendQueue.Tail), nameof(length));
        SendQueue.Append(length);
        if (ReservedEnd > SendQueue.Tail)
            SendQueue.TrimTail(Stack.Slabs, Account, SendQueue.Tail);
        ReservedEnd = 0;
        if (length > 0)
            Stack.MarkDirty(this);
    }

    /// <summary>No more will be sent: FIN follows the last queued byte. The other direction goes on.</summary>
    public void CloseSend()
    {
        if (SendClosed || CloseReason != CloseReason.None)
            return;
        SendClosed = true;
        Stack.MarkDirty(this);
    }

    /// <summary>
    /// Closes both directions: FIN follows the last queued byte, and what arrives from now on is answered with RST (RFC 1122 section
    /// 4.2.2.13). With received bytes that were not consumed it is an Abort (RFC 2525 section 2.17).
    /// </summary>
    public void Close()
    {
        if (ReceiveLength > 0)
        {
            Abort();
            return;
        }

        ReceiveClosed = true;
        SendClosed = true;
        Stack.MarkDirty(this);
    }

    /// <summary>RST to the peer, everything queued is dropped, OnClosed follows within the next Flush.</summary>
    public void Abort() => Abort(CloseReason.Aborted);

    /// <summary>Microseconds without a byte either way after which the flow is reset; <see cref="long.MaxValue"/>, the default, for never.</summary>
    public long IdleTimeout
    {
        get;
        set
        {
            field = value;
            Stack.MarkDirty(this);
        }
    }

    = long.MaxValue;

    /// <summary>The instant at which the flow is reset whatever it does; <see cref="long.MaxValue"/>, the default, for never.</summary>
    public long ExpiresAt
    {
        get;
        set
        {
            field = value;
            Stack.MarkDirty(this);
        }
    }

    = long.MaxValue;

    /// <summary>Payload bytes received in sequence.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Payload bytes that the peer has acknowledged.</summary>
    public long BytesAcknowledged { get; internal set; }

    /// <summary>Segments with data or FIN that were sent again.</summary>
    public int Retransmissions { get; internal set; }

    /// <summary>The smoothed round-trip time in microseconds, 0 before the first sample.</summary>
    public long SmoothedRtt => Rtt.Smoothed;

    /// <summary>The congestion window in bytes.</summary>
    public int CongestionWindow => Window.Size;

    /// <summary>The largest payload of a segment to the peer.</summary>
    public int SegmentSize => Window.SegmentSize;

    /// <summary>Bytes sent and neither acknowledged, sacked nor deemed lost.</summary>
    public int BytesInFlight => Scoreboard.InFlight;

    internal void Abort(CloseReason reason)
    {
        if (AbortRequested || CloseReason != CloseReason.None)
            return;
        AbortRequested = true;
        AbortReason = reason;
        Stack.MarkDirty(this);
    }

    internal bool HasSendSpace => SendSpace >= Math.Min(WorthReserving, SendLimit);

    // Twice the congestion window, so that a full window is ready when the acknowledgements of the last one come.
    private int SendLimit
    {
        get
        {
            const int Least = 16 << 10;
            const int Start = 128 << 10;
            if (Stack.Budget.IsShort(Account))
                return Math.Min(Least, Stack.Options.MaximumSendQueue);
            if (!Stack.Budget.AllowsGrowth(Account))
                return Math.Min(Start / 2, Stack.Options.MaximumSendQueue);
            return (int)Math.Min(Math.Max(2L * Window.Size, Start), Stack.Options.MaximumSendQueue);
        }
    }
}
