using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>HMAC (RFC 2104) over BLAKE2s-256 with its 64-byte block, the Hmac of the WireGuard paper's section 5.4.</summary>
public static class HmacBlake2s
{
    public const int Length = 32;

    private const int BlockLength = Blake2sCompression.BlockLength;

    /// <param name="key">Any length; keys longer than 64 bytes are hashed first.</param>
    /// <param name="mac">32 bytes; may be the key or the message.</param>
    /// <exception cref="ArgumentException">The MAC's span is not 32 bytes long.</exception>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac) => Compute(key, message, [], mac);

    /// <summary>HMAC over <paramref name="first"/> ‖ <paramref name="second"/>.</summary>
    [SkipLocalsInit]
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> mac)
    {
        Throw.UnlessLength(mac.Length, Length, nameof(mac));
        Span<byte> block = stackalloc byte[BlockLength];
        block.Clear();
        if (key.Length <= BlockLength)
            key.CopyTo(block);
        else
            Blake2s.Hash(key, block[..Blake2s.DigestLength]);
        var pad = Vector512.Create((ReadOnlySpan<byte>)block);

        (pad ^ Vector512.Create((byte)0x36)).CopyTo(block);
        var inner = Blake2sState.Create();
        inner.Update(block);
        inner.Update(first);
        inner.Update(second);
        (pad ^ Vector512.Create((byte)0x5c)).CopyTo(block);
        inner.Finish(mac);

        var outer = Blake2sState.Create();
        outer.Update(block);
        outer.Update(mac);
        outer.Finish(mac);
        CryptographicOperations.ZeroMemory(block);
    }
}
