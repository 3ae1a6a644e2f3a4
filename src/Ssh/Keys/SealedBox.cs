using System.Security.Cryptography;
using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>
/// Text that only the holder of one X25519 key reads: X25519 with a fresh key, HKDF-SHA256, XChaCha20-Poly1305. Base64 of a version byte, the fresh public key
/// and the sealed text. It says nothing about who sealed it.
/// </summary>
public static class SealedBox
{
    private const byte Version = 1;

    /// <summary>Bytes: passwords and the like.</summary>
    private const int MaximumTextLength = 4096;

    private const int HeaderLength = 1 + PublicKey.Length;
    private const int MaximumSealedTextLength = ((HeaderLength + MaximumTextLength + XChaCha20Poly1305.TagLength + 2) / 3) * 4;

    /// <param name="recipientPublicKeyBase64">44 characters: <see cref="Recipient.PublicKey"/>.</param>
    /// <param name="random">The operating system's where it is left out.</param>
    /// <exception cref="ArgumentException">The text is longer than 4096 bytes, or the key is none to which anything can be sealed.</exception>
    public static string Seal(ReadOnlySpan<byte> text, string recipientPublicKeyBase64, RandomSource? random = null)
    {
        if (text.Length > MaximumTextLength)
            throw new ArgumentException($"At most {MaximumTextLength} bytes can be sealed.", nameof(text));
        if (!PublicKey.TryParse(recipientPublicKeyBase64, out var recipient))
            throw new ArgumentException("The recipient's public key is not 44 characters of base64.", nameof(recipientPublicKeyBase64));
        using var fresh = PrivateKey.Generate(random ?? RandomSource.System);
        Span<byte> shared = stackalloc byte[PrivateKey.Length];
        Span<byte> secrets = stackalloc byte[XChaCha20Poly1305.KeyLength + XChaCha20Poly1305.NonceLength];
        try
        {
            if (!fresh.TryAgree(recipient, shared))
                throw new ArgumentException("The recipient's public key has low order.", nameof(recipientPublicKeyBase64));
            Derive(shared, fresh.PublicKey, recipient, secrets);
            byte[] box = new byte[HeaderLength + text.Length + XChaCha20Poly1305.TagLength];
            box[0] = Version;
            fresh.PublicKey.CopyTo(box.AsSpan(1));
            XChaCha20Poly1305.Seal(secrets[..XChaCha20Poly1305.KeyLength], secrets[XChaCha20Poly1305.KeyLength..], box.AsSpan(0, HeaderLength), text, box.AsSpan(HeaderLength));
            return Convert.ToBase64String(box);
        }
        finally
        {
            Zero.Fill(shared);
            Zero.Fill(secrets);
        }
    }

    /// <summary>Key and nonce: both public keys are part of what they depend on.</summary>
    private static void Derive(ReadOnlySpan<byte> shared, PublicKey fresh, PublicKey recipient, Span<byte> secrets)
    {
        ReadOnlySpan<byte> purpose = "keyhole sealed box"u8;
        Span<byte> information = stackalloc byte[purpose.Length + (2 * PublicKey.Length)];
        purpose.CopyTo(information);
        fresh.CopyTo(information[purpose.Length..]);
        recipient.CopyTo(information[(purpose.Length + PublicKey.Length)..]);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, secrets, salt: [], information);
    }

    /// <summary>Who may read: a fresh key that lives as long as this object.</summary>
    public sealed class Recipient : IDisposable
    {
        private readonly PrivateKey _key;

        /// <param name="random">The operating system's where it is left out.</param>
        public Recipient(RandomSource? random = null) => _key = PrivateKey.Generate(random ?? RandomSource.System);

        /// <summary>44 characters of base64.</summary>
        public string PublicKey => _key.PublicKey.ToString();

        /// <summary>Null for what was not sealed to this key, or was changed since.</summary>
        public byte[]? Open(string sealedText)
        {
            ArgumentNullException.ThrowIfNull(sealedText);
            byte[] box = new byte[Math.Min(sealedText.Length, MaximumSealedTextLength)];
            if (sealedText.Length > MaximumSealedTextLength || !Convert.TryFromBase64String(sealedText, box, out int length)
                || length < HeaderLength + XChaCha20Poly1305.TagLength || box[0] != Version)
                return null;
            var fresh = new PublicKey(box.AsSpan(1, Cryptography.PublicKey.Length));
            Span<byte> shared = stackalloc byte[PrivateKey.Length];
            Span<byte> secrets = stackalloc byte[XChaCha20Poly1305.KeyLength + XChaCha20Poly1305.NonceLength];
            try
            {
                if (!_key.TryAgree(fresh, shared))
                    return null;
                Derive(shared, fresh, _key.PublicKey, secrets);
                byte[] text = new byte[length - HeaderLength - XChaCha20Poly1305.TagLength];
                return XChaCha20Poly1305.TryOpen(
                    secrets[..XChaCha20Poly1305.KeyLength], secrets[XChaCha20Poly1305.KeyLength..], box.AsSpan(0, HeaderLength), box.AsSpan(HeaderLength, length - HeaderLength), text)
                    ? text
                    : null;
            }
            finally
            {
                Zero.Fill(shared);
                Zero.Fill(secrets);
            }
        }

        public void Dispose() => _key.Dispose();
    }
}
