using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>An X25519 private key (RFC 7748) in guarded native memory. It has no text form; <see cref="Export"/> exists for the key file alone.</summary>
public sealed unsafe class PrivateKey : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int Length = 32;

    /// <summary>The u coordinate of the base point (RFC 7748 section 4.1).</summary>
    private const byte BasePoint = 9;

    private readonly SecureMemoryHandle _scalar;

    private PublicKey _publicKey;
    private volatile bool _hasPublicKey;

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
    }

    /// <summary>The point that belongs to this scalar, computed when it is first asked for, or on the way by <see cref="TryAgreeWithBoth"/>.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed before its point was computed.</exception>
    public PublicKey PublicKey
    {
        get
        {
            if (!_hasPublicKey)
            {
                ObjectDisposedException.ThrowIf(_scalar.IsClosed, this);
                byte* point = stackalloc byte[Length];
                _ = Libsodium.crypto_scalarmult_curve25519_base(point, _scalar);
                SetPublicKey(new ReadOnlySpan<byte>(point, Length));
            }
            return _publicKey;
        }
    }

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

    /// <summary>
    /// X25519 with two peers, and this key's own point, in one pass where the processor has AVX2: less than two agreements cost one by one. False when
    /// a peer's point has low order; <paramref name="shared"/> is then zero.
    /// </summary>
    /// <param name="shared">64 bytes: the secret shared with <paramref name="one"/>, then that with <paramref name="other"/>; the caller zeroes them after use.</param>
    /// <exception cref="ArgumentException"><paramref name="shared"/> is not 64 bytes long.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public bool TryAgreeWithBoth(in PublicKey one, in PublicKey other, Span<byte> shared)
    {
        Throw.UnlessLength(shared.Length, 2 * Length, nameof(shared));
        ObjectDisposedException.ThrowIf(_scalar.IsClosed, this);
        if (X25519Vector256.IsSelected)
            return TryAgreeInLanes(one, other, shared);
        if (TryAgree(one, shared[..Length]) && TryAgree(other, shared[Length..]))
            return true;
        CryptographicOperations.ZeroMemory(shared);
        return false;
    }

    private bool TryAgreeInLanes(in PublicKey one, in PublicKey other, Span<byte> shared)
    {
        const int lanesLength = X25519Vector256.LaneCount * Length;
        byte* memory = stackalloc byte[3 * lanesLength];
        Span<byte> scalars = new(memory, lanesLength), points = new(memory + lanesLength, lanesLength), products = new(memory + (2 * lanesLength), lanesLength);
        for (int lane = 0; lane < X25519Vector256.LaneCount; lane++)
            _scalar.Bytes.CopyTo(scalars[(lane * Length)..]);
        one.CopyTo(points);
        other.CopyTo(points[Length..]);
        points[(2 * Length)..].Clear();
        points[2 * Length] = BasePoint;
        X25519Vector256.Multiply(memory, memory + lanesLength, memory + (2 * lanesLength));
        if (!_hasPublicKey)
            SetPublicKey(products.Slice(2 * Length, Length));
        products[..(2 * Length)].CopyTo(shared);
        CryptographicOperations.ZeroMemory(new Span<byte>(memory, 3 * lanesLength));
        if (shared[..Length].ContainsAnyExcept((byte)0) && shared[Length..].ContainsAnyExcept((byte)0))
            return true;
        CryptographicOperations.ZeroMemory(shared);
        return false;
    }

    /// <summary>Two threads may both come here: they write the same.</summary>
    private void SetPublicKey(ReadOnlySpan<byte> point)
    {
        _publicKey = new PublicKey(point);
        _hasPublicKey = true;
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
