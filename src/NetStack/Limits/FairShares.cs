using System.Diagnostics.CodeAnalysis;
using System.Diagnostics;

namespace Keyhole.NetStack;

/// <summary>
/// Who holds how much of a table with a limit per peer and one in all. When the table is full, the greatest holder gives way, so that
/// one peer's flood displaces its own objects and nobody else's. Shares are threaded by their count: every answer takes constant time.
/// </summary>
internal sealed class FairShares<T>
    where T : class, IShareholder<T>
{
    private readonly int _maximum;
    private readonly int _maximumPerPeer;
    private readonly Dictionary<int, PeerShare<T>> _shares = [];
    private readonly Stack<PeerShare<T>> _spare = [];

    /// <summary>The first share of each count.</summary>
    private readonly PeerShare<T>?[] _byCount;
    private int _greatest;

    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1.</exception>
    public FairShares(int maximum, int maximumPerPeer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPerPeer, 1);
        _maximum = maximum;
        _maximumPerPeer = Math.Min(maximum, maximumPerPeer);
        _byCount = new PeerShare<T>?[_maximumPerPeer + 1];
    }

    public int Count { get; private set; }

    public int CountOf(int peer) => _shares.TryGetValue(peer, out var share) ? share.Count : 0;

    /// <summary>The peer's object that gives way first; null when it has none.</summary>
    public T? OldestOf(int peer) => _shares.TryGetValue(peer, out var share) ? share.Oldest : null;

    /// <summary>The object that must be removed before another of this peer is added; null when there is room.</summary>
    public T? VictimFor(int peer)
    {
        _shares.TryGetValue(peer, out var own);
        int count = own?.Count ?? 0;
        if (count == _maximumPerPeer)
            return own!.Oldest;
        if (Count < _maximum)
            return null;
        return count == _greatest ? own!.Oldest : _byCount[_greatest]!.Oldest;
    }

    public void Add(T item, int peer)
    {
        Debug.Assert(VictimFor(peer) is null, "There is no room.");
        if (!_shares.TryGetValue(peer, out var share))
        {
            share = _spare.TryPop(out var spare) ? spare : new PeerShare<T>();
            share.Peer = peer;
            _shares.Add(peer, share);
        }
        else
        {
            Unthread(share);
        }

        share.Count++;
        Thread(share);
        _greatest = Math.Max(_greatest, share.Count);
        item.Share = share;
        ListOf(item, share).Add(item);
        Count++;
    }

    /// <summary>The object was used.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "The object belongs to these shares.")]
    public void Renew(T item) => ListOf(item, item.Share!).Renew(item);

    /// <summary>To be called after <see cref="IShareholder{T}.IsProven"/> became true.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "The object belongs to these shares.")]
    public void Prove(T item)
    {
        var share = item.Share!;
        share.Unproven.Remove(item);
        share.Proven.Add(item);
    }

    public void Remove(T item)
    {
        var share = item.Share!;
        ListOf(item, share).Remove(item);
        item.Share = null;
        Unthread(share);
        if (share.Count == _greatest && _byCount[_greatest] is null)
            _greatest--;
        share.Count--;
        Count--;
        if (share.Count > 0)
        {
            Thread(share);
            return;
        }

        _shares.Remove(share.Peer);
        _spare.Push(share);
    }

    private static ref AgeList<T, PeerShare<T>.Link> ListOf(T item, PeerShare<T> share)
    {
        if (item.IsProven)
            return ref share.Proven;
        return ref share.Unproven;
    }

    private void Thread(PeerShare<T> share)
    {
        ref var first = ref _byCount[share.Count];
        share.Next = first;
        if (first is not null)
            first.Previous = share;
        first = share;
    }

    private void Unthread(PeerShare<T> share)
    {
        if (share.Next is not null)
            share.Next.Previous = share.Previous;
        if (share.Previous is not null)
            share.Previous.Next = share.Next;
        else
            _byCount[share.Count] = share.Next;
        share.Previous = share.Next = null;
    }
}
