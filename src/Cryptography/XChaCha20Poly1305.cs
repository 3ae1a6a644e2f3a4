namespace Keyhole.Cryptography;

/// <summary>XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha section 2): 24-byte nonces that may be random. WireGuard's cookies use it.</summary>
public static unsafe class XChaCha20Poly1305
{
    public const int KeyLength = 32;
    public const int NonceLength = 24;
    public const int TagLength = 16;

    /// <summary>Writes ciphertext and tag. <paramref name="plaintext"/> may be the start of <paramref name="sealedText"/>.</summary>
    /// <param name="sealedText">Exactly 16 bytes longer than the plaintext.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> sealedText)
    {
        Throw.UnlessLength(key.Length, KeyLength, nameof(key));
        Throw.UnlessLength(nonce.Length, NonceLength, nameof(nonce));
        Throw.UnlessLength(sealedText.Length, plaintext.Length + TagLength, nameof(sealedText));
        Sodium.EnsureAvailable();
        ulong written;
        fixed (byte* k = key, n = nonce, a = aad, p = plaintext, c = sealedText)
            _ = Libsodium.crypto_aead_xchacha20poly1305_ietf_encrypt(c, &written, p, (ulong)plaintext.Length, a, (ulong)aad.Length, null, n, k);
    }

    /// <summary>False when the text was not sealed with this key, nonce and <paramref name="aad"/>; the plaintext is then zero.</summary>
    /// <param name="plaintext">Exactly 16 bytes shorter than the sealed text; may be its start.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> sealedText, Span<byte> plaintext)
    {
        Throw.UnlessLength(key.Length, KeyLength, nameof(key));
        Throw.UnlessLength(nonce.Length, NonceLength, nameof(nonce));
        Throw.IfShorter(sealedText.Length, TagLength, nameof(sealedText));
        Throw.UnlessLength(plaintext.Length, sealedText.Length - TagLength, nameof(plaintext));
        Sodium.EnsureAvailable();
        ulong written;
        fixed (byte* k = key, n = nonce, a = aad, p = plaintext, c = sealedText)
            return Libsodium.crypto_aead_xchacha20poly1305_ietf_decrypt(p, &written, null, c, (ulong)sealedText.Length, a, (ulong)aad.Length, n, k) == 0;
    }
}
