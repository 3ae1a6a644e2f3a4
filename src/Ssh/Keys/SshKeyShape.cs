using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>What stands behind the type in a public key's blob, and what the certificate of such a key is called.</summary>
/// <param name="Type">The key's.</param>
/// <param name="CertificateType">Of the certificate that holds such a key.</param>
internal sealed record SshKeyShape(string Type, string CertificateType)
{
    private const int MinimumModulusBits = 1024;
    private const int MaximumModulusBits = 16_384;

    private static readonly SshKeyShape[] All =
    [
        new(SshPublicKey.Ed25519Type, "ssh-ed25519-cert-v01@openssh.com"),
        new("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com") { Curve = "nistp256", PointLength = 65 },
        new("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com") { Curve = "nistp384", PointLength = 97 },
        new("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com") { Curve = "nistp521", PointLength = 133 },
        new("ssh-rsa", "ssh-rsa-cert-v01@openssh.com") { IsRsa = true },
        new("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com") { IsSecurityKey = true },
        new("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com") { Curve = "nistp256", PointLength = 65, IsSecurityKey = true },
    ];

    private string? Curve { get; init; }

    /// <summary>Bytes of an uncompressed point.</summary>
    private int PointLength { get; init; }

    private bool IsRsa { get; init; }

    /// <summary>The key is followed by its application.</summary>
    private bool IsSecurityKey { get; init; }

    /// <summary>Null for a type that is not known.</summary>
    public static SshKeyShape? Of(string type) => Array.Find(All, shape => shape.Type == type);

    public static SshKeyShape? OfCertificate(string type) => Array.Find(All, shape => shape.CertificateType == type);

    /// <summary>Goes behind the key's fields; false where they are not those of the type.</summary>
    public bool TrySkip(ref SshReader reader)
    {
        if (IsRsa)
            return reader.TryReadPositiveInteger(out var exponent) && (exponent[^1] & 1) == 1
                && reader.TryReadPositiveInteger(out var modulus) && modulus.Length * 8 is >= MinimumModulusBits and <= MaximumModulusBits;
        if (Curve is not null && !(reader.TryReadText(out string curve) && curve == Curve))
            return false;
        if (!reader.TryReadString(out var key))
            return false;
        if (Curve is null ? key.Length != Ed25519.PublicKeyLength : key.Length != PointLength || key[0] != 4)
            return false;
        return !IsSecurityKey || reader.TryReadText(out _);
    }
}
