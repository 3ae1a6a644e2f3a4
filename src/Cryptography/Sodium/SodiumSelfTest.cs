namespace Keyhole.Cryptography;

/// <summary>The library's sizes, and one known answer per primitive: RFC 7748 section 6.1, RFC 8032 section 7.1, XChaCha draft A.3.1 by round trip.</summary>
internal static unsafe class SodiumSelfTest
{
    private static ReadOnlySpan<byte> AliceScalar =>
    [
        0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
        0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
    ];

    private static ReadOnlySpan<byte> AlicePoint =>
    [
        0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
        0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a,
    ];

    private static ReadOnlySpan<byte> SignatureSeed =>
    [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
        0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];

    private static ReadOnlySpan<byte> SignaturePublicKey =>
    [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
        0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];

    /// <exception cref="SodiumUnavailableException">A size or an answer is wrong.</exception>
    internal static void Run()
    {
        Expect(Libsodium.crypto_scalarmult_curve25519_bytes() == Libsodium.X25519Length, "size of X25519");
        Expect(Libsodium.crypto_sign_ed25519_secretkeybytes() == Libsodium.Ed25519SecretKeyLength, "size of Ed25519");
        Expect(Libsodium.crypto_aead_chacha20poly1305_ietf_abytes() == Libsodium.ChaChaTagLength, "size of ChaCha20-Poly1305");
        Expect(Libsodium.crypto_aead_xchacha20poly1305_ietf_npubbytes() == XChaCha20Poly1305.NonceLength, "size of XChaCha20-Poly1305");
        Expect(Libsodium.crypto_pwhash_argon2id_saltbytes() == Libsodium.Argon2SaltLength, "size of Argon2id");
        Expect(X25519Answers(), "answer of X25519");
        Expect(Ed25519Answers(), "answer of Ed25519");
        Expect(AeadAnswers(), "answer of XChaCha20-Poly1305");
    }

    private static bool X25519Answers()
    {
        using var scalar = SecureMemoryHandle.Create(AliceScalar);
        byte* point = stackalloc byte[Libsodium.X25519Length];
        return Libsodium.crypto_scalarmult_curve25519_base(point, scalar) == 0
            && new ReadOnlySpan<byte>(point, Libsodium.X25519Length).SequenceEqual(AlicePoint);
    }

    private static bool Ed25519Answers()
    {
        using var secretKey = SecureMemoryHandle.Create(Libsodium.Ed25519SecretKeyLength);
        byte* publicKey = stackalloc byte[Libsodium.Ed25519PublicKeyLength];
        byte* signature = stackalloc byte[Libsodium.Ed25519SignatureLength];
        ulong length;
        fixed (byte* seed = SignatureSeed)
        {
            if (Libsodium.crypto_sign_ed25519_seed_keypair(publicKey, secretKey, seed) != 0
                || Libsodium.crypto_sign_ed25519_detached(signature, &length, seed, 0, secretKey) != 0
                || Libsodium.crypto_sign_ed25519_verify_detached(signature, seed, 0, publicKey) != 0)
            {
                return false;
            }
        }
        signature[0] ^= 1;
        return Libsodium.crypto_sign_ed25519_verify_detached(signature, signature, 0, publicKey) != 0
            && new ReadOnlySpan<byte>(publicKey, Libsodium.Ed25519PublicKeyLength).SequenceEqual(SignaturePublicKey);
    }

    private static bool AeadAnswers()
    {
        const int length = 40;
        byte* nonce = stackalloc byte[XChaCha20Poly1305.NonceLength];
        byte* text = stackalloc byte[length + Libsodium.ChaChaTagLength];
        ulong written;
        fixed (byte* key = AliceScalar)
        {
            new Span<byte>(nonce, XChaCha20Poly1305.NonceLength).Fill(7);
            new Span<byte>(text, length).Fill(9);
            return Libsodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, &written, text, length, null, 0, null, nonce, key) == 0
                && Libsodium.crypto_aead_xchacha20poly1305_ietf_decrypt(text, &written, null, text, written, null, 0, nonce, key) == 0
                && !new ReadOnlySpan<byte>(text, length).ContainsAnyExcept((byte)9);
        }
    }

    private static void Expect(bool condition, string what)
    {
        if (!condition)
            throw new SodiumUnavailableException($"libsodium fails its self test: wrong {what}. Reinstall the Debian package libsodium23.");
    }
}
