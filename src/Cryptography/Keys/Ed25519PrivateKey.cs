using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>An Ed25519 private key (RFC 8032 section 5.1.5) in guarded native memory, made from its 32-byte seed.</summary>
public sealed unsafe class Ed25519PrivateKey : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int SeedLength = 32;

    private readonly SecureMemoryHandle _secretKey;
    private readonly byte[] _publicKey = new byte[Ed25519.PublicKeyLength];

    /// <exception cref="ArgumentException">The seed is not 32 bytes long.</exception>
    public Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        Throw.UnlessLength(seed.Length, SeedLength, nameof(seed));
        Sodium.EnsureAvailable();
        _secretKey = SecureMemoryHandle.Create(Libsodium.Ed25519SecretKeyLength);
        fixed (byte* s = seed, p = _publicKey)
            _ = Libsodium.crypto_sign_ed25519_seed_keypair(p, _secretKey, s);
    }

    /// <summary>32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>A fresh key from 32 bytes of <paramref name="random"/>.</summary>
    public static Ed25519PrivateKey Generate(RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> seed = stackalloc byte[SeedLength];
        random.Fill(seed);
        try
        {
            return new Ed25519PrivateKey(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <param name="signature">64 bytes.</param>
    /// <exception cref="ArgumentException">The signature's span is not 64 bytes long.</exception>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        Throw.UnlessLength(signature.Length, Ed25519.SignatureLength, nameof(signature));
        ObjectDisposedException.ThrowIf(_secretKey.IsClosed, this);
        ulong written;
        fixed (byte* m = message, s = signature)
            _ = Libsodium.crypto_sign_ed25519_detached(s, &written, m, (ulong)message.Length, _secretKey);
    }

    /// <summary>Writes the seed; the caller zeroes it after use.</summary>
    /// <exception cref="ArgumentException">The destination is not 32 bytes long.</exception>
    public void ExportSeed(Span<byte> destination)
    {
        Throw.UnlessLength(destination.Length, SeedLength, nameof(destination));
        _secretKey.Bytes[..SeedLength].CopyTo(destination);
    }

    public void Dispose() => _secretKey.Dispose();
}
