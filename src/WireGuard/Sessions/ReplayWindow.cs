namespace Keyhole.WireGuard;

/// <summary>
/// Anti-replay window over nonce counters as a ring of 64-bit blocks (RFC 6479). One block of the ring is being filled, so the window is
/// 64 shorter than the ring. Its own, normally uncontended lock lets several threads receive under one session.
/// </summary>
internal sealed class ReplayWindow
{
    /// <summary>The kernel's: 1 KiB per session.</summary>
    public const int StandardLength = 8192 - BlockLength;

    /// <summary>For pings over several paths that share one counter space at 1 Gbit/s and more: 8 KiB per session.</summary>
    public const int LongLength = 65536 - BlockLength;

    private const int BlockLength = 64;
    private const int BlockShift = 6;

    private readonly int _length;

    // Under the lock of the ring.
    private readonly ulong[] _ring;
    private ulong _greatest;

    /// <param name="length">How far behind the greatest counter an acceptable one may be; <see cref="IsLength"/>.</param>
    public ReplayWindow(int length)
    {
        _length = length;
        _ring = new ulong[(length + BlockLength) / BlockLength];
    }

    /// <summary>64 less than a power of two from 128 to 2^20.</summary>
    public static bool IsLength(int length) =>
        length is >= BlockLength and <= (1 << 20) - BlockLength && System.Numerics.BitOperations.IsPow2(length + BlockLength);

    /// <summary>Marks an authentic counter as seen; false when it was seen before or is too old to tell.</summary>
    public bool TryAccept(ulong counter)
    {
        lock (_ring)
        {
            ulong mask = (ulong)_ring.Length - 1;
            ulong block = counter >> BlockShift;
            if (counter > _greatest)
            {
                ulong greatestBlock = _greatest >> BlockShift;
                ulong last = Math.Min(block, greatestBlock + (ulong)_ring.Length);
                for (ulong entered = greatestBlock + 1; entered <= last; entered++)
                    _ring[entered & mask] = 0;
                _greatest = counter;
            }
            else if (_greatest - counter > (ulong)_length)
            {
                return false;
            }

            ulong bit = 1UL << (int)(counter & (BlockLength - 1));
            ref ulong bits = ref _ring[block & mask];
            bool fresh = (bits & bit) == 0;
            bits |= bit;
            return fresh;
        }
    }
}
