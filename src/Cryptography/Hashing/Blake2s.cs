namespace Keyhole.Cryptography;

/// <summary>BLAKE2s (RFC 7693), plain and keyed. For input in pieces see <see cref="Blake2sState"/>.</summary>
public static class Blake2s
{
    public const int DigestLength = 32;
    public const int LongestKeyLength = 32;
    public const int MacLength = 16;

    /// <summary>Hash(message) of the WireGuard paper when <paramref name="digest"/> has 32 bytes.</summary>
    /// <param name="digest">1 to 32 bytes; its length is part of what is hashed.</param>
    public static void Hash(ReadOnlySpan<byte> message, Span<byte> digest)
    {
        var state = Blake2sState.Create(digest.Length);
        state.Update(message);
        state.Finish(digest);
    }

    /// <summary>Hash(first ‖ second). The digest may be one of the two.</summary>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> digest)
    {
        var state = Blake2sState.Create(digest.Length);
        state.Update(first);
        state.Update(second);
        state.Finish(digest);
    }

    /// <summary>Mac(key, message) of the WireGuard paper when <paramref name="mac"/> has 16 bytes: the keyed mode, not HMAC.</summary>
    /// <param name="key">1 to 32 bytes.</param>
    /// <param name="mac">1 to 32 bytes; its length is part of what is hashed.</param>
    public static void Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        Throw.IfShorter(key.Length, 1, nameof(key));
        var state = Blake2sState.Create(mac.Length, key);
        state.Update(message);
        state.Finish(mac);
    }

    /// <summary>Whether <paramref name="mac"/> (1 to 32 bytes) is that of the message; the time does not depend on where they differ.</summary>
    public static bool Verify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> mac)
    {
        if (mac.Length is < 1 or > DigestLength)
            Throw.OutOfRange(nameof(mac), "A MAC has 1 to 32 bytes.");
        Span<byte> expected = stackalloc byte[DigestLength];
        expected = expected[..mac.Length];
        Mac(key, message, expected);
        bool equal = FixedTime.Equals(expected, mac);
        Zero.Fill(expected);
        return equal;
    }
}
