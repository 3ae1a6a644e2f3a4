namespace Keyhole.NetStack;

/// <summary>
/// What the flows may hold in memory, in all and per peer. Above three quarters windows stop growing; above nine tenths new flows get
/// small windows and out-of-order data is discarded; at the limit new flows are refused.
/// </summary>
internal sealed class BufferBudget(long total, long perPeer)
{
    public long Total { get; } = total;

    public long PerPeer { get; } = perPeer;

    public long Used { get; private set; }

    public bool TryTake(PeerAccount account, int length)
    {
        if (Used + length > Total || account.BufferBytes + length > PerPeer)
            return false;
        Used += length;
        account.BufferBytes += length;
        return true;
    }

    public void GiveBack(PeerAccount account, int length)
    {
        Used -= length;
        account.BufferBytes -= length;
    }

    /// <summary>Windows may still grow.</summary>
    public bool AllowsGrowth(PeerAccount account) => Used < Total / 4 * 3 && account.BufferBytes < PerPeer / 4 * 3;

    /// <summary>Memory is short: new flows start small, and what was not acknowledged may go.</summary>
    public bool IsShort(PeerAccount account) => Used > Total / 10 * 9 || account.BufferBytes > PerPeer / 10 * 9;

    /// <summary>Not even one more slab.</summary>
    public bool IsExhausted(PeerAccount account) =>
        Used + SlabPool.SlabSize > Total || account.BufferBytes + SlabPool.SlabSize > PerPeer;
}
