using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>An X25519 private key (RFC 7748) in guarded native memory. It has no text form; <see cref="Export"/> exists for the key file alone.</summary>
public sealed unsafe class PrivateKey : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int Length = 32;

    private readonly SecureMemoryHandle _scalar;

    /// <summary>Clamps as RFC 7748 section 5 asks.</summary>
    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public PrivateKey(ReadOnlySpan<byte> bytes)
    {
        Throw.UnlessLength(bytes.Length, Length, nameof(bytes));
        Sodium.EnsureAvailable();
        _scalar = SecureMemoryHandle.Create(bytes);
        var scalar = _scalar.Bytes;
        scalar[0] &= 248;
        scalar[31] = (byte)((scalar[31] & 127) | 64);
        byte* point = stackalloc byte[Length];
        _ = Libsodium.crypto_scalarmult_curve25519_base(point, _scalar);
        PublicKey = new PublicKey(new ReadOnlySpan<byte>(point, Length));
    }

    /// <summary>The point that belongs to this scalar, computed once.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>A fresh key from 32 bytes of <paramref name="random"/>.</summary>
    public static PrivateKey Generate(RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[Length];
        random.Fill(bytes);
        try
        {
            return new PrivateKey(bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>X25519 (RFC 7748 section 6.1). False when the peer's point has low order; <paramref name="shared"/> is then zero.</summary>
    /// <param name="shared">32 bytes; the caller zeroes them after use.</param>
    /// <exception cref="ArgumentException"><paramref name="shared"/> is not 32 bytes long.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public bool TryAgree(in PublicKey peer, Span<byte> shared)
    {
        Throw.UnlessLength(shared.Length, Length, nameof(shared));
        ObjectDisposedException.ThrowIf(_scalar.IsClosed, this);
        fixed (byte* secret = shared)
        fixed (byte* point = peer.Bytes)
        {
            if (Libsodium.crypto_scalarmult_curve25519(secret, _scalar, point) == 0)
                return true;
        }
        CryptographicOperations.ZeroMemory(shared);
        return false;
    }

    /// <summary>Writes the clamped scalar; the caller zeroes it after use.</summary>
    /// <exception cref="ArgumentException">The destination is not 32 bytes long.</exception>
    public void Export(Span<byte> destination)
    {
        Throw.UnlessLength(destination.Length, Length, nameof(destination));
        _scalar.Bytes.CopyTo(destination);
    }

    public void Dispose() => _scalar.Dispose();
}
