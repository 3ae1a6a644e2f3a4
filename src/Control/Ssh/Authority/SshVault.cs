using System.Security.Cryptography;
using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>Makes the keys of CAs, keeps them sealed, and signs with them. A private key is open for the time of a signature only.</summary>
internal sealed class SshVault(SecretBox secrets)
{
    private const int AuthorityLength = 32;

    public static string NewAuthority() => RandomNumberGenerator.GetHexString(AuthorityLength, lowercase: true);

    public SshAuthorityKey NewKey(string authority, int number, DateTimeOffset now)
    {
        using var key = Ed25519PrivateKey.Generate(RandomSource.System);
        string publicKey = SshPublicKey.FromEd25519(key.PublicKey).ToString();
        Span<byte> seed = stackalloc byte[Ed25519PrivateKey.SeedLength];
        key.ExportSeed(seed);
        try
        {
            return new SshAuthorityKey(number, publicKey, secrets.Seal(seed, PurposeOf(authority, publicKey)), DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <returns>As in a "-cert.pub" file.</returns>
    /// <exception cref="OperatorException">The key does not open: the database was changed by hand.</exception>
    public string Sign(string authority, SshAuthorityKey key, SshCertificateRequest request)
    {
        byte[] seed = secrets.Open(key.SealedPrivateKey, PurposeOf(authority, key.PublicKey));
        try
        {
            using var opened = new Ed25519PrivateKey(seed);
            return SshCertificateWriter.Sign(request, opened, RandomNumberGenerator.GetBytes(SshCertificateWriter.NonceLength));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static string PurposeOf(string authority, string publicKey) => $"SSH authority {authority}: {publicKey}";
}
