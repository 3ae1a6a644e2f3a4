namespace Keyhole.NetStack;

/// <summary>What one peer holds of a bounded table.</summary>
internal sealed class PeerShare<T>
    where T : class, IShareholder<T>
{
    public int Peer;
    public int Count;

    /// <summary>Neighbours among the shares of the same count.</summary>
    public PeerShare<T>? Previous;
    public PeerShare<T>? Next;

    public AgeList<T, Link> Unproven;
    public AgeList<T, Link> Proven;

    /// <summary>What this peer gives up first.</summary>
    public T? Oldest => Unproven.Oldest ?? Proven.Oldest;

    internal readonly struct Link : IAgeLink<T>
    {
        public static ref AgeLink<T> Of(T item) => ref item.ShareLink;
    }
}
