using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Keyhole.Cryptography;

/// <summary>An X25519 public key (RFC 7748): 32 bytes, written as base64 like WireGuard's tools do. Not a secret.</summary>
public readonly struct PublicKey : IEquatable<PublicKey>
{
    /// <summary>Bytes.</summary>
    public const int Length = 32;

    private const int TextLength = 44;

    private readonly Vector256<byte> _bytes;

    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public PublicKey(ReadOnlySpan<byte> bytes)
    {
        Throw.UnlessLength(bytes.Length, Length, nameof(bytes));
        _bytes = Vector256.Create(bytes);
    }

    /// <summary>The 32 bytes in the order of the wire.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(new ReadOnlySpan<Vector256<byte>>(in _bytes));

    public static bool operator ==(PublicKey left, PublicKey right) => left._bytes == right._bytes;

    public static bool operator !=(PublicKey left, PublicKey right) => left._bytes != right._bytes;

    /// <summary>Reads 44 characters of base64.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PublicKey key)
    {
        key = default;
        Span<byte> bytes = stackalloc byte[Length + 1];
        if (text.Length != TextLength || !Convert.TryFromBase64Chars(text, bytes, out int length) || length != Length)
            return false;
        key = new PublicKey(bytes[..Length]);
        return true;
    }

    /// <exception cref="FormatException">The text is not base64 of 32 bytes.</exception>
    public static PublicKey Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var key) ? key : throw new FormatException("A public key is 44 characters of base64.");

    /// <exception cref="ArgumentException">The destination is shorter than 32 bytes.</exception>
    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    public bool Equals(PublicKey other) => _bytes == other._bytes;

    public override bool Equals(object? obj) => obj is PublicKey other && Equals(other);

    public override int GetHashCode() => Unsafe.As<Vector256<byte>, ulong>(ref Unsafe.AsRef(in _bytes)).GetHashCode();

    /// <summary>44 characters of base64.</summary>
    public override string ToString() => Convert.ToBase64String(Bytes);
}
