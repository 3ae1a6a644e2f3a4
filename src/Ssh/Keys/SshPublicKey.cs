using System.Security.Cryptography;
using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>A public key as OpenSSH writes it (RFC 4253 section 6.6, RFC 5656, RFC 8709, PROTOCOL.u2f). Unchangeable; equal by its bytes.</summary>
public sealed class SshPublicKey : IEquatable<SshPublicKey>
{
    public const string Ed25519Type = "ssh-ed25519";

    /// <summary>Characters of a line: more than RSA with 16384 bits and a comment need.</summary>
    private const int MaximumLineLength = 16_384;

    private readonly byte[] _blob;

    private SshPublicKey(string type, byte[] blob)
    {
        Type = type;
        _blob = blob;
    }

    /// <summary>"ssh-ed25519", "ecdsa-sha2-nistp256" (384, 521), "ssh-rsa", "sk-ssh-ed25519@openssh.com" or "sk-ecdsa-sha2-nistp256@openssh.com".</summary>
    public string Type { get; }

    /// <summary>The type as a string, then exactly the fields of that type.</summary>
    public ReadOnlyMemory<byte> Blob => _blob;

    /// <summary>As <c>ssh-keygen -lf</c> shows it: "SHA256:" and 43 characters.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=');

    /// <summary>The fields behind the type.</summary>
    internal ReadOnlySpan<byte> Fields => _blob.AsSpan(sizeof(uint) + Type.Length);

    /// <summary>Of a public key line of OpenSSH, with or without a comment; options before the type are not taken. Null for everything else.</summary>
    public static SshPublicKey? Parse(string? line) => TrySplit(line, out string type, out byte[] blob) && FromBlob(blob) is { } key && key.Type == type ? key : null;

    /// <summary>Null unless the blob has a known type and exactly its fields.</summary>
    public static SshPublicKey? FromBlob(ReadOnlySpan<byte> blob)
    {
        var reader = new SshReader(blob);
        return reader.TryReadText(out string type) && SshKeyShape.Of(type) is { } shape && shape.TrySkip(ref reader) && reader.IsAtEnd
            ? new SshPublicKey(type, blob.ToArray())
            : null;
    }

    /// <param name="key32">32 bytes.</param>
    /// <exception cref="ArgumentException">It is not 32 bytes long.</exception>
    public static SshPublicKey FromEd25519(ReadOnlySpan<byte> key32)
    {
        if (key32.Length != Ed25519.PublicKeyLength)
            throw new ArgumentException("Must be 32 bytes long.", nameof(key32));
        var writer = new SshWriter();
        writer.WriteString(Ed25519Type);
        writer.WriteString(key32);
        return new SshPublicKey(Ed25519Type, writer.Written.ToArray());
    }

    public bool Equals(SshPublicKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    public override bool Equals(object? obj) => Equals(obj as SshPublicKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }

    /// <summary>As in authorized_keys, without a comment: "ssh-ed25519 AAAA…".</summary>
    public override string ToString() => $"{Type} {Convert.ToBase64String(_blob)}";

    /// <summary>A line of OpenSSH: type, base64, perhaps a comment.</summary>
    internal static bool TrySplit(string? line, out string type, out byte[] blob)
    {
        type = "";
        blob = [];
        if (line is null || line.Length > MaximumLineLength)
            return false;
        string text = line.Trim();
        if (text.AsSpan().ContainsAny('\n', '\r', '\0') || text.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries) is not [var name, var base64, ..])
            return false;
        byte[] bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out int length))
            return false;
        type = name;
        blob = bytes[..length];
        return true;
    }
}
