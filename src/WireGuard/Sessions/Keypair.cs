using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>The keys of one session (paper section 5.4.5) and what was sent and received under them.</summary>
internal sealed class Keypair : IndexedState, IDisposable
{
    // Fixed after the handshake.
    public readonly TransportKey SendKey;
    public readonly TransportKey ReceiveKey;
    public readonly uint RemoteIndex;
    public readonly bool IsInitiator;
    public readonly long CreatedAt;

    // Under its own lock.
    public readonly ReplayWindow Window;

    /// <summary>When the peer was last heard under these keys; <see cref="long.MinValue"/> when never.</summary>
    public long LastOpenedAt = long.MinValue;

    // Interlocked.
    private long _sendCounter;

    public Keypair(Peer peer, TransportKey sendKey, TransportKey receiveKey, uint remoteIndex, bool isInitiator, long createdAt, int windowLength)
        : base(peer)
    {
        SendKey = sendKey;
        ReceiveKey = receiveKey;
        RemoteIndex = remoteIndex;
        IsInitiator = isInitiator;
        CreatedAt = createdAt;
        Window = new ReplayWindow(windowLength);
    }

    /// <summary>The next counter to be used.</summary>
    public ulong SendCounter
    {
        get => (ulong)Volatile.Read(ref _sendCounter);
        set => Volatile.Write(ref _sendCounter, (long)value);
    }

    public bool IsExpired(long now) => now - CreatedAt >= Peer.Schedule.RejectAfterTime;

    public bool CanSend(long now) => !IsExpired(now) && SendCounter < Peer.Schedule.RejectAfterMessages;

    /// <summary>Takes up to <paramref name="count"/> consecutive counters and returns how many were left; 0 when all were used, for good.</summary>
    public int TakeCounters(int count, out ulong first)
    {
        ulong limit = Peer.Schedule.RejectAfterMessages;
        ulong next = (ulong)Interlocked.Add(ref _sendCounter, count);
        first = next - (ulong)count;
        if (next <= limit)
            return count;
        SendCounter = limit;
        return first < limit ? (int)(limit - first) : 0;
    }

    public void Dispose()
    {
        SendKey.Dispose();
        ReceiveKey.Dispose();
    }
}
