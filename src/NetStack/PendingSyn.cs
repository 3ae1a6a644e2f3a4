using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// A SYN that waits for the host to dial. It holds no buffers. Answers take effect at the next Flush; after the first answer, or
/// after <see cref="IFlowHost.OnSynAbandoned"/>, the others do nothing.
/// </summary>
public sealed class PendingSyn : Connection
{
    private readonly TcpStack _stack;

    internal PendingSyn(TcpStack stack, in FlowKey key, int peer, PeerAccount account)
    {
        _stack = stack;
        IncomingKey = key;
        Peer = peer;
        Account = account;
        IsPending = true;
    }

    /// <summary>True until it was answered or abandoned.</summary>
    public bool IsPending { get; internal set; }

    // What the SYN said; a later SYN replaces it.
    internal uint Irs { get; private set; }

    internal ushort Window { get; private set; }

    internal ushort? MaximumSegmentSize { get; private set; }

    internal byte? WindowScale { get; private set; }

    internal bool SackPermitted { get; private set; }

    internal bool HasTimestamps { get; private set; }

    internal uint TimestampValue { get; private set; }

    // Of the connection in TIME-WAIT that this SYN took the place of: our ISN must lie behind it.
    internal uint? IsnAfter { get; init; }

    /// <summary>The target was reached: a flow comes to be and SYN-ACK goes out. Null when the SYN is no longer pending.</summary>
    public TcpFlow? Accept() => IsPending ? _stack.Accept(this) : null;

    /// <summary>The target refused: RST (RFC 9293 section 3.10.7.4).</summary>
    public void Reset()
    {
        if (IsPending)
            _stack.Refuse(this);
    }

    /// <summary>The target cannot be reached: ICMP, which ends the peer's connect at once where RST would say "refused".</summary>
    public void Unreachable(UnreachableCode code)
    {
        if (IsPending)
            _stack.Refuse(this, code);
    }

    /// <summary>No answer at all: the peer will ask again.</summary>
    public void Drop()
    {
        if (IsPending)
            _stack.Forget(this);
    }

    internal void Take(in Segment segment, in TcpOptions options)
    {
        Irs = segment.Seq;
        Window = segment.Window;
        MaximumSegmentSize = options.MaximumSegmentSize;
        WindowScale = options.WindowScale;
        SackPermitted = options.SackPermitted;
        HasTimestamps = options.HasTimestamps;
        TimestampValue = options.TimestampValue;
    }

    internal override void Expire(long now) => _stack.Abandon(this);
}
