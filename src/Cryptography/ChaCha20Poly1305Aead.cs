using System.Buffers.Binary;

namespace Keyhole.Cryptography;

/// <summary>
/// ChaCha20-Poly1305 (RFC 8439 section 2.8) as the WireGuard paper's section 5.4 uses it in handshakes: associated data, and a nonce of
/// four zero bytes and a 64-bit little-endian counter. Transport packets go through <see cref="TransportKey"/>.
/// </summary>
public static unsafe class ChaCha20Poly1305Aead
{
    public const int KeyLength = 32;
    public const int TagLength = 16;

    private const int NonceLength = 12;

    /// <summary>Writes ciphertext and tag. <paramref name="plaintext"/> may be the start of <paramref name="sealedText"/>.</summary>
    /// <param name="sealedText">Exactly 16 bytes longer than the plaintext.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Seal(ReadOnlySpan<byte> key, ulong counter, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> sealedText)
    {
        Throw.UnlessLength(key.Length, KeyLength, nameof(key));
        Throw.UnlessLength(sealedText.Length, plaintext.Length + TagLength, nameof(sealedText));
        Sodium.EnsureAvailable();
        byte* nonce = stackalloc byte[NonceLength];
        WriteNonce(nonce, counter);
        ulong written;
        fixed (byte* k = key, a = aad, p = plaintext, c = sealedText)
            _ = Libsodium.crypto_aead_chacha20poly1305_ietf_encrypt(c, &written, p, (ulong)plaintext.Length, a, (ulong)aad.Length, null, nonce, k);
    }

    /// <summary>False when the text was not sealed with this key, counter and <paramref name="aad"/>; the plaintext is then zero.</summary>
    /// <param name="plaintext">Exactly 16 bytes shorter than the sealed text; may be its start.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static bool TryOpen(ReadOnlySpan<byte> key, ulong counter, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> sealedText, Span<byte> plaintext)
    {
        Throw.UnlessLength(key.Length, KeyLength, nameof(key));
        Throw.IfShorter(sealedText.Length, TagLength, nameof(sealedText));
        Throw.UnlessLength(plaintext.Length, sealedText.Length - TagLength, nameof(plaintext));
        Sodium.EnsureAvailable();
        byte* nonce = stackalloc byte[NonceLength];
        WriteNonce(nonce, counter);
        ulong written;
        fixed (byte* k = key, a = aad, p = plaintext, c = sealedText)
            return Libsodium.crypto_aead_chacha20poly1305_ietf_decrypt(p, &written, null, c, (ulong)sealedText.Length, a, (ulong)aad.Length, nonce, k) == 0;
    }

    private static void WriteNonce(byte* nonce, ulong counter)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(nonce, 4), 0);
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(nonce + 4, 8), counter);
    }
}
