namespace Keyhole.NetStack;

/// <summary>What one peer uses of the stack, and its token bucket for new SYNs.</summary>
internal sealed class PeerAccount
{
    /// <summary>Stands where no peer is yet.</summary>
    public static readonly PeerAccount None = new();

    private const long Second = 1_000_000;

    // Tokens are counted in microseconds of refill, so that the bucket needs no fractions.
    private long _credit = long.MaxValue;
    private long _refilledAt;

    public int Flows { get; set; }

    public int Pending { get; set; }

    public long BufferBytes { get; set; }

    /// <summary>The flows of the peer, linked through <see cref="TcpFlow.NextOfPeer"/>.</summary>
    public TcpFlow? First { get; set; }

    /// <summary>Takes a token; false when the peer has opened more than <paramref name="rate"/> per second after <paramref name="burst"/> at once.</summary>
    public bool TryTakeSyn(int rate, int burst, long now)
    {
        long cost = Second / rate;
        long elapsed = Math.Max(0, now - _refilledAt);
        _credit = Math.Min(cost * burst, _credit > long.MaxValue - elapsed ? long.MaxValue : _credit + elapsed);
        _refilledAt = now;
        if (_credit < cost)
            return false;
        _credit -= cost;
        return true;
    }

    public void Add(TcpFlow flow)
    {
        Flows++;
        flow.PreviousOfPeer = null;
        flow.NextOfPeer = First;
        if (First is { } first)
            first.PreviousOfPeer = flow;
        First = flow;
    }

    public void Remove(TcpFlow flow)
    {
        Flows--;
        if (flow.PreviousOfPeer is { } previous)
            previous.NextOfPeer = flow.NextOfPeer;
        else
            First = flow.NextOfPeer;
        if (flow.NextOfPeer is { } next)
            next.PreviousOfPeer = flow.PreviousOfPeer;
        flow.NextOfPeer = flow.PreviousOfPeer = null;
    }
}
