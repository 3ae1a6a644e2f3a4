using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// One flow of datagrams, as its host sees it. Flows are pooled: the host forgets one when it is told that the flow was closed.
/// </summary>
public abstract class DatagramFlow : IShareholder<DatagramFlow>
{
    private AgeLink<DatagramFlow> _shareLink;
    private AgeLink<DatagramFlow> _idleLink;

    private protected DatagramFlow()
    {
    }

    /// <summary>The key of the peer's datagrams.</summary>
    public FlowKey Key { get; internal set; }

    public int Peer { get; internal set; }

    /// <summary>The host's own: the socket to the target, say.</summary>
    public object? State { get; set; }

    /// <summary>Why the flow ended; None while it is open.</summary>
    public DatagramCloseReason CloseReason { get; internal set; }

    /// <summary>When the last datagram went either way, in the time of the table.</summary>
    public long LastActivityAt { get; internal set; }

    /// <summary>This side opened it.</summary>
    public bool IsActive { get; internal set; }

    /// <summary>The side that did not open it has answered at least once.</summary>
    public bool IsAnswered { get; internal set; }

    public long DatagramsReceived { get; internal set; }

    /// <summary>Payload bytes.</summary>
    public long BytesReceived { get; internal set; }

    public long DatagramsSent { get; internal set; }

    /// <summary>Payload bytes.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>The index of the idle queue that the flow waits in.</summary>
    internal int IdleClass { get; set; }

    /// <summary>Of the peer's last datagram, for an ICMP error to quote: the eight bytes of its header as they stood in the packet.</summary>
    internal ulong QuotedHeader { get; set; }

    /// <summary>Of the peer's last datagram: header and payload in bytes.</summary>
    internal int QuotedLength { get; set; }

    PeerShare<DatagramFlow>? IShareholder<DatagramFlow>.Share { get; set; }

    ref AgeLink<DatagramFlow> IShareholder<DatagramFlow>.ShareLink => ref _shareLink;

    bool IShareholder<DatagramFlow>.IsProven => IsAnswered;

    internal void Reuse(in FlowKey key, int peer, long now)
    {
        Key = key;
        Peer = peer;
        State = null;
        CloseReason = DatagramCloseReason.None;
        LastActivityAt = now;
        IsActive = IsAnswered = false;
        DatagramsReceived = BytesReceived = DatagramsSent = BytesSent = 0;
        IdleClass = 0;
        QuotedHeader = 0;
        QuotedLength = 0;
    }

    internal readonly struct IdleLink : IAgeLink<DatagramFlow>
    {
        public static ref AgeLink<DatagramFlow> Of(DatagramFlow item) => ref item._idleLink;
    }
}
