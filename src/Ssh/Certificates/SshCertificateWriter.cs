using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>Makes OpenSSH certificates (PROTOCOL.certkeys), signed with Ed25519.</summary>
public static class SshCertificateWriter
{
    /// <summary>Bytes.</summary>
    public const int NonceLength = 32;

    /// <summary>Characters of a key id or a principal, and how many principals: less than OpenSSH takes (SSHKEY_CERT_MAX_PRINCIPALS is 256).</summary>
    private const int MaximumTextLength = 512;

    private const int MaximumPrincipals = 256;

    /// <param name="nonce32">32 bytes that nobody can predict, so that the holder of the key does not choose all of what is signed.</param>
    /// <returns>A line as in a "-cert.pub" file, without comment: "ssh-ed25519-cert-v01@openssh.com AAAA…".</returns>
    /// <exception cref="ArgumentException">The request cannot be signed as it is; the message says why.</exception>
    public static string Sign(SshCertificateRequest request, Ed25519PrivateKey authority, ReadOnlySpan<byte> nonce32)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(authority);
        if (nonce32.Length != NonceLength)
            throw new ArgumentException("Must be 32 bytes long.", nameof(nonce32));
        Check(request);
        string type = SshKeyShape.Of(request.Key.Type)!.CertificateType;
        var writer = new SshWriter();
        writer.WriteString(type);
        writer.WriteString(nonce32);
        writer.WriteRaw(request.Key.Fields);
        writer.WriteUInt64(request.Serial);
        writer.WriteUInt32((uint)request.Type);
        writer.WriteString(request.KeyId);
        writer.WriteString(Strings(request.Principals));
        writer.WriteUInt64((ulong)request.ValidAfter.ToUnixTimeSeconds());
        writer.WriteUInt64((ulong)request.ValidBefore.ToUnixTimeSeconds());
        writer.WriteString([]);
        writer.WriteString(Extensions(request.Extensions));
        writer.WriteString([]);
        writer.WriteString(SshPublicKey.FromEd25519(authority.PublicKey).Blob.Span);
        Span<byte> signature = stackalloc byte[Ed25519.SignatureLength];
        authority.Sign(writer.Written, signature);
        writer.WriteString(Ed25519Signature(signature));
        return $"{type} {Convert.ToBase64String(writer.Written)}";
    }

    /// <summary>A signature's blob: its algorithm, then its bytes (RFC 8709 section 6).</summary>
    internal static ReadOnlySpan<byte> Ed25519Signature(ReadOnlySpan<byte> signature)
    {
        var writer = new SshWriter();
        writer.WriteString(SshPublicKey.Ed25519Type);
        writer.WriteString(signature);
        return writer.Written;
    }

    private static void Check(SshCertificateRequest request)
    {
        if (!Enum.IsDefined(request.Type))
            throw new ArgumentException("A certificate is a user's or a host's.", nameof(request));
        if (request.Serial == 0)
            throw new ArgumentException("Serial 0 cannot be revoked.", nameof(request));
        if (request.Principals.Count is 0 or > MaximumPrincipals)
            throw new ArgumentException($"A certificate names 1 to {MaximumPrincipals} principals.", nameof(request));
        if (request.ValidAfter.ToUnixTimeSeconds() < 0 || request.ValidBefore.ToUnixTimeSeconds() <= request.ValidAfter.ToUnixTimeSeconds())
            throw new ArgumentException("A certificate must be valid for a second at least.", nameof(request));
        if (!IsPlain(request.KeyId) || !request.Principals.All(IsPlain) || !request.Extensions.All(IsPlain))
            throw new ArgumentException("A key id, a principal or an extension is empty, too long, or holds a control character.", nameof(request));
        if (request.Principals.Any(principal => principal.Contains(',', StringComparison.Ordinal)))
            throw new ArgumentException("A principal with a comma would be two for OpenSSH's own tools.", nameof(request));
    }

    private static bool IsPlain(string text) => text.Length is > 0 and <= MaximumTextLength && !text.Any(char.IsControl);

    private static ReadOnlySpan<byte> Strings(IReadOnlyList<string> texts)
    {
        var writer = new SshWriter();
        foreach (string text in texts)
            writer.WriteString(text);
        return writer.Written;
    }

    /// <summary>Names in ascending order, each once and without a value, as OpenSSH requires.</summary>
    private static ReadOnlySpan<byte> Extensions(IReadOnlyList<string> names)
    {
        var writer = new SshWriter();
        foreach (string name in names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            writer.WriteString(name);
            writer.WriteString([]);
        }

        return writer.Written;
    }
}
