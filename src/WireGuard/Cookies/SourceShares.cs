using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>
/// Handshakes per source while under load, by IPv4 address or IPv6 /64: a token bucket per source, held as the time at which it would be full again
/// (ITU-T I.371, GCRA). The memory is fixed; a source that finds its set full takes over the fullest bucket as it is.
/// </summary>
internal sealed class SourceShares
{
    private const int SetLength = 8;
    private const long Second = 1_000_000;

    private readonly Bucket[] _buckets;
    private readonly long _interval;
    private readonly long _tolerance;
    private readonly ulong _secret;

    public SourceShares(LoadPolicy policy, RandomSource random)
    {
        _buckets = new Bucket[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(policy.MaximumSources, SetLength))];
        _interval = Second / policy.HandshakesPerSecondPerSource;
        _tolerance = _interval * (policy.BurstPerSource - 1);
        _secret = random.NextUInt64() | 1;
    }

    public bool TryTake(IpAddress source, long now)
    {
        // One IPv4 address, one /64 of IPv6, one connection of a byte stream.
        ulong key = source.IsIpv4 || source.IsDiscardOnly ? source.Low : source.High;
        ref var bucket = ref Find(key, now);
        long fullAt = Math.Max(bucket.FullAt, now);
        if (fullAt - now > _tolerance)
            return false;
        bucket.FullAt = fullAt + _interval;
        return true;
    }

    private ref Bucket Find(ulong key, long now)
    {
        ulong hash = Math.BigMul(key ^ _secret, 0x9E37_79B9_7F4A_7C15 ^ (_secret << 1), out ulong low) ^ low;
        var set = _buckets.AsSpan((int)(hash & (ulong)(_buckets.Length - 1)) & -SetLength, SetLength);
        int fullest = 0;
        for (int index = 0; index < SetLength; index++)
        {
            if (set[index].Key == key)
                return ref set[index];
            if (set[index].FullAt < set[fullest].FullAt)
                fullest = index;
        }

        set[fullest].Key = key;
        return ref set[fullest];
    }

    private struct Bucket
    {
        public ulong Key;
        public long FullAt;
    }
}
