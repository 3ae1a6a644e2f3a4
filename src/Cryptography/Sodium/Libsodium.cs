using System.Runtime.InteropServices;

namespace Keyhole.Cryptography;

/// <summary>The functions of libsodium that are used, named as in its headers. Callers pass <see cref="Sodium.EnsureAvailable"/> first.</summary>
internal static unsafe partial class Libsodium
{
    internal const string Name = "libsodium";

    internal const int X25519Length = 32;
    internal const int Ed25519SeedLength = 32;
    internal const int Ed25519PublicKeyLength = 32;
    internal const int Ed25519SecretKeyLength = 64;
    internal const int Ed25519SignatureLength = 64;
    internal const int ChaChaTagLength = 16;
    internal const int Argon2SaltLength = 16;
    internal const int Argon2idAlgorithm13 = 2;

    [LibraryImport(Name)]
    internal static partial int sodium_init();

    [LibraryImport(Name)]
    internal static partial int sodium_library_version_major();

    [LibraryImport(Name)]
    internal static partial nint sodium_version_string();

    [LibraryImport(Name)]
    internal static partial nint sodium_malloc(nuint size);

    [LibraryImport(Name)]
    internal static partial nuint crypto_scalarmult_curve25519_bytes();

    [LibraryImport(Name)]
    internal static partial int crypto_scalarmult_curve25519(byte* shared, SecureMemoryHandle scalar, byte* point);

    [LibraryImport(Name)]
    internal static partial int crypto_scalarmult_curve25519_base(byte* point, SecureMemoryHandle scalar);

    [LibraryImport(Name)]
    internal static partial nuint crypto_sign_ed25519_secretkeybytes();

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_seed_keypair(byte* publicKey, SecureMemoryHandle secretKey, byte* seed);

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_detached(byte* signature, ulong* signatureLength, byte* message, ulong messageLength, SecureMemoryHandle secretKey);

    [LibraryImport(Name)]
    internal static partial int crypto_sign_ed25519_verify_detached(byte* signature, byte* message, ulong messageLength, byte* publicKey);

    [LibraryImport(Name)]
    internal static partial nuint crypto_aead_chacha20poly1305_ietf_abytes();

    [LibraryImport(Name)]
    internal static partial int crypto_aead_chacha20poly1305_ietf_encrypt(
        byte* sealedText, ulong* sealedLength, byte* plaintext, ulong plaintextLength, byte* aad, ulong aadLength, byte* secretNonce, byte* nonce, byte* key);

    [LibraryImport(Name)]
    internal static partial int crypto_aead_chacha20poly1305_ietf_decrypt(
        byte* plaintext, ulong* plaintextLength, byte* secretNonce, byte* sealedText, ulong sealedLength, byte* aad, ulong aadLength, byte* nonce, byte* key);

    [LibraryImport(Name)]
    internal static partial nuint crypto_aead_xchacha20poly1305_ietf_npubbytes();

    [LibraryImport(Name)]
    internal static partial int crypto_aead_xchacha20poly1305_ietf_encrypt(
        byte* sealedText, ulong* sealedLength, byte* plaintext, ulong plaintextLength, byte* aad, ulong aadLength, byte* secretNonce, byte* nonce, byte* key);

    [LibraryImport(Name)]
    internal static partial int crypto_aead_xchacha20poly1305_ietf_decrypt(
        byte* plaintext, ulong* plaintextLength, byte* secretNonce, byte* sealedText, ulong sealedLength, byte* aad, ulong aadLength, byte* nonce, byte* key);

    [LibraryImport(Name)]
    internal static partial nuint crypto_pwhash_argon2id_saltbytes();

    [LibraryImport(Name)]
    internal static partial int crypto_pwhash_argon2id(
        byte* output, ulong outputLength, byte* password, ulong passwordLength, byte* salt, ulong passCount, nuint memoryLength, int algorithm);
}
