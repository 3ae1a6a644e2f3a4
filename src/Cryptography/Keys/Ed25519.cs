namespace Keyhole.Cryptography;

/// <summary>Ed25519 signatures (RFC 8032 section 5.1): sizes and verification. Signing is <see cref="Ed25519PrivateKey.Sign"/>.</summary>
public static unsafe class Ed25519
{
    public const int PublicKeyLength = 32;
    public const int SignatureLength = 64;

    /// <summary>False for a forged signature, a non-canonical one, and public keys of low order.</summary>
    /// <exception cref="ArgumentException">The key is not 32 or the signature not 64 bytes long.</exception>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Throw.UnlessLength(publicKey.Length, PublicKeyLength, nameof(publicKey));
        Throw.UnlessLength(signature.Length, SignatureLength, nameof(signature));
        Sodium.EnsureAvailable();
        fixed (byte* k = publicKey, m = message, s = signature)
            return Libsodium.crypto_sign_ed25519_verify_detached(s, m, (ulong)message.Length, k) == 0;
    }
}
