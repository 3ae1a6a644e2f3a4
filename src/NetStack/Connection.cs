using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>What a pending SYN and a flow have in common: a place in the stack's table and in its timer wheel.</summary>
public abstract class Connection
{
    internal Connection()
    {
    }

    /// <summary>The key of the SYN that opened the connection, whoever sent it.</summary>
    public FlowKey Key => IsActive ? IncomingKey.Reverse() : IncomingKey;

    /// <summary>True for a flow of <see cref="TcpStack.Connect"/>.</summary>
    public bool IsActive { get; internal set; }

    /// <summary>The caller's number of the peer.</summary>
    public int Peer { get; internal set; }

    /// <summary>The host's own.</summary>
    public object? State { get; set; }

    // The key of the packets that arrive: Key, or its reverse for an active open.
    internal FlowKey IncomingKey;
    internal PeerAccount Account = PeerAccount.None;

    // Links of the timer wheel.
    internal Connection? WheelNext;
    internal Connection? WheelPrevious;
    internal long WheelTick;
    internal int WheelSlot = Wheel.Unscheduled;

    /// <summary>A deadline that was set has come; it may have moved since (lazy re-arming).</summary>
    internal abstract void Expire(long now);
}
