namespace Keyhole.NetStack;

/// <summary>What a stack has counted since it was built. Read on the stack's own thread.</summary>
public sealed class StackCounters
{
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];

    public long SegmentsReceived { get; internal set; }

    public long SegmentsSent { get; internal set; }

    public long BytesReceived { get; internal set; }

    public long BytesSent { get; internal set; }

    /// <summary>Segments with data or FIN that were sent again.</summary>
    public long SegmentsRetransmitted { get; internal set; }

    /// <summary>Expirations of the retransmission timer.</summary>
    public long RetransmissionTimeouts { get; internal set; }

    /// <summary>Retransmissions that turned out to have been needless and whose window reduction was undone.</summary>
    public long RecoveriesUndone { get; internal set; }

    /// <summary>Tail loss probes sent (RFC 8985 section 7).</summary>
    public long TailLossProbes { get; internal set; }

    public long ResetsSent { get; internal set; }

    public long ResetsReceived { get; internal set; }

    /// <summary>SYNs handed to the host.</summary>
    public long SynsOffered { get; internal set; }

    public long FlowsOpened { get; internal set; }

    public long FlowsClosed { get; internal set; }

    /// <summary>Segments that took the short path.</summary>
    public long FastPathSegments { get; internal set; }

    /// <summary>Times that out-of-order data was given up because memory ran short.</summary>
    public long Reneged { get; internal set; }

    /// <summary>Packets that had no effect for this reason.</summary>
    public long Dropped(DropReason reason) => _dropped[(int)reason];

    internal void Drop(DropReason reason) => _dropped[(int)reason]++;
}
