using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>
/// Seals the few secrets that Control must be able to read again (XChaCha20-Poly1305 with random 24-byte nonces). The purpose
/// is authenticated with the secret, so that a sealed value that was moved to another row does not open.
/// </summary>
internal sealed class SecretBox : IDisposable
{
    public const int KeyLength = XChaCha20Poly1305.KeyLength;

    private const string Version = "1:";

    private readonly byte[] _key = GC.AllocateArray<byte>(KeyLength, pinned: true);

    /// <param name="key">32 bytes; zeroed before this returns.</param>
    public SecretBox(byte[] key)
    {
        key.CopyTo(_key, 0);
        CryptographicOperations.ZeroMemory(key);
        Check = Convert.ToBase64String(HMACSHA256.HashData(_key, "keyhole-control key check"u8));
    }

    /// <summary>Names the key without giving it away: a database remembers which key its values are sealed with.</summary>
    public string Check { get; }

    /// <summary>Base64 of HMAC-SHA-256: only who holds the key can have written this text.</summary>
    public string Authenticate(string text) => Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text)));

    public string Seal(ReadOnlySpan<byte> secret, string purpose)
    {
        var box = new byte[XChaCha20Poly1305.NonceLength + secret.Length + XChaCha20Poly1305.TagLength];
        var nonce = box.AsSpan(0, XChaCha20Poly1305.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        XChaCha20Poly1305.Seal(_key, nonce, Encoding.UTF8.GetBytes(purpose), secret, box.AsSpan(nonce.Length));
        return Version + Convert.ToBase64String(box);
    }

    /// <exception cref="OperatorException">The value was not sealed with this key for this purpose: the database was changed by hand.</exception>
    public byte[] Open(string sealedSecret, string purpose)
    {
        var box = new byte[sealedSecret.Length];
        const int Overhead = XChaCha20Poly1305.NonceLength + XChaCha20Poly1305.TagLength;
        if (sealedSecret.StartsWith(Version, StringComparison.Ordinal)
            && Convert.TryFromBase64String(sealedSecret[Version.Length..], box, out int length) && length >= Overhead)
        {
            var secret = new byte[length - Overhead];
            if (XChaCha20Poly1305.TryOpen(_key, box.AsSpan(0, XChaCha20Poly1305.NonceLength), Encoding.UTF8.GetBytes(purpose),
                box.AsSpan(XChaCha20Poly1305.NonceLength, length - XChaCha20Poly1305.NonceLength), secret))
                return secret;
        }

        throw new OperatorException($"the sealed value of {purpose} does not open: the database was changed by something else; restore a backup");
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);
}
