using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>
/// Kdf_n(key, input) of the WireGuard paper's section 5.4, which is HKDF (RFC 5869) with <see cref="HmacBlake2s"/> and empty info:
/// τ0 = Hmac(key, input), τ1 = Hmac(τ0, 1), τi = Hmac(τ0, τ(i−1) ‖ i). Outputs have 32 bytes; the first may be the key itself.
/// </summary>
public static class Kdf
{
    public const int OutputLength = HmacBlake2s.Length;

    public static void Derive1(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> first)
    {
        Throw.UnlessLength(first.Length, OutputLength, nameof(first));
        Derive(key, input, first, [], []);
    }

    public static void Derive2(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> first, Span<byte> second)
    {
        Throw.UnlessLength(first.Length, OutputLength, nameof(first));
        Throw.UnlessLength(second.Length, OutputLength, nameof(second));
        Derive(key, input, first, second, []);
    }

    public static void Derive3(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> first, Span<byte> second, Span<byte> third)
    {
        Throw.UnlessLength(first.Length, OutputLength, nameof(first));
        Throw.UnlessLength(second.Length, OutputLength, nameof(second));
        Throw.UnlessLength(third.Length, OutputLength, nameof(third));
        Derive(key, input, first, second, third);
    }

    /// <summary>Fills as many outputs as are not empty.</summary>
    [SkipLocalsInit]
    private static void Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> first, Span<byte> second, Span<byte> third)
    {
        Span<byte> secret = stackalloc byte[OutputLength];
        HmacBlake2s.Compute(key, input, secret);
        HmacBlake2s.Compute(secret, [1], first);
        if (!second.IsEmpty)
            HmacBlake2s.Compute(secret, first, [2], second);
        if (!third.IsEmpty)
            HmacBlake2s.Compute(secret, second, [3], third);
        CryptographicOperations.ZeroMemory(secret);
    }
}
