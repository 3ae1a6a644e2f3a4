using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>An OpenSSH certificate that was read (PROTOCOL.certkeys). Nothing in it is believed before <see cref="Verify"/>.</summary>
public sealed class SshCertificate
{
    private readonly byte[] _blob;
    private readonly int _signedLength;
    private readonly byte[] _signature;

    private SshCertificate(string keyType, byte[] blob, int signedLength, byte[] signature)
    {
        KeyType = keyType;
        _blob = blob;
        _signedLength = signedLength;
        _signature = signature;
    }

    /// <summary>"ssh-ed25519-cert-v01@openssh.com" and the like.</summary>
    public string KeyType { get; }

    /// <summary>All of it, as it goes over the wire.</summary>
    public ReadOnlyMemory<byte> Blob => _blob;

    /// <summary>Whose holder it names.</summary>
    public required SshPublicKey Key { get; init; }

    public required SshCertificateType Type { get; init; }

    public required ulong Serial { get; init; }

    public required string KeyId { get; init; }

    public required IReadOnlyList<string> Principals { get; init; }

    public required DateTimeOffset ValidAfter { get; init; }

    /// <summary>The first moment at which it is no longer valid; the last one there is where it is valid for ever.</summary>
    public required DateTimeOffset ValidBefore { get; init; }

    /// <summary>Names, without values.</summary>
    public required IReadOnlyList<string> CriticalOptions { get; init; }

    /// <summary>Names, without values.</summary>
    public required IReadOnlyList<string> Extensions { get; init; }

    /// <summary>Who is said to have signed it.</summary>
    public required SshPublicKey Authority { get; init; }

    /// <summary>Of a line as in a "-cert.pub" file, with or without comment; null for everything else.</summary>
    public static SshCertificate? Parse(string? line) =>
        SshPublicKey.TrySplit(line, out string type, out byte[] blob) && Read(blob) is { } certificate && certificate.KeyType == type ? certificate : null;

    /// <summary>True when <paramref name="authority"/>, an Ed25519 key, has signed exactly this. Time and principals are the caller's to check.</summary>
    public bool Verify(SshPublicKey authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        return authority.Type == SshPublicKey.Ed25519Type && authority.Equals(Authority) && _signature.Length == Ed25519.SignatureLength
            && Ed25519.Verify(authority.Fields[sizeof(uint)..], _blob.AsSpan(0, _signedLength), _signature);
    }

    /// <summary>As in a "-cert.pub" file, without a comment.</summary>
    public override string ToString() => $"{KeyType} {Convert.ToBase64String(_blob)}";

    private static SshCertificate? Read(byte[] blob)
    {
        var reader = new SshReader(blob);
        if (!reader.TryReadText(out string certificateType) || SshKeyShape.OfCertificate(certificateType) is not { } shape || !reader.TryReadString(out _))
            return null;
        int keyLength = reader.Rest.Length;
        var fields = reader.Rest;
        if (!shape.TrySkip(ref reader))
            return null;
        fields = fields[..(keyLength - reader.Rest.Length)];
        if (!reader.TryReadUInt64(out ulong serial) || !reader.TryReadUInt32(out uint type) || type is not (1 or 2)
            || !reader.TryReadText(out string keyId) || !reader.TryReadString(out var principals)
            || !reader.TryReadUInt64(out ulong validAfter) || !reader.TryReadUInt64(out ulong validBefore)
            || !reader.TryReadString(out var criticalOptions) || !reader.TryReadString(out var extensions) || !reader.TryReadString(out _)
            || !reader.TryReadString(out var authorityBlob) || SshPublicKey.FromBlob(authorityBlob) is not { } authority)
            return null;
        int signedLength = blob.Length - reader.Rest.Length;
        if (!reader.TryReadString(out var signatureBlob) || !reader.IsAtEnd || !TryReadSignature(signatureBlob, out byte[] signature)
            || Texts(principals, areOptions: false) is not { } principalTexts || Texts(criticalOptions, areOptions: true) is not { } criticalNames
            || Texts(extensions, areOptions: true) is not { } extensionNames)
            return null;
        return new SshCertificate(certificateType, blob, signedLength, signature)
        {
            Key = KeyOf(shape, fields),
            Type = (SshCertificateType)type,
            Serial = serial,
            KeyId = keyId,
            Principals = principalTexts,
            ValidAfter = Moment(validAfter),
            ValidBefore = Moment(validBefore),
            CriticalOptions = criticalNames,
            Extensions = extensionNames,
            Authority = authority,
        };
    }

    private static SshPublicKey KeyOf(SshKeyShape shape, ReadOnlySpan<byte> fields)
    {
        var writer = new SshWriter();
        writer.WriteString(shape.Type);
        writer.WriteRaw(fields);
        return SshPublicKey.FromBlob(writer.Written)!;
    }

    /// <summary>Of an algorithm other than Ed25519 it is empty, which nothing verifies.</summary>
    private static bool TryReadSignature(ReadOnlySpan<byte> blob, out byte[] signature)
    {
        signature = [];
        var reader = new SshReader(blob);
        if (!reader.TryReadText(out string algorithm) || !reader.TryReadString(out var bytes))
            return false;
        if (algorithm != SshPublicKey.Ed25519Type)
            return true;
        signature = bytes.ToArray();
        return reader.IsAtEnd;
    }

    /// <summary>The strings of a packed list; of options every first one, since the second is the value.</summary>
    private static List<string>? Texts(ReadOnlySpan<byte> list, bool areOptions)
    {
        var texts = new List<string>();
        var reader = new SshReader(list);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadText(out string text) || (areOptions && !reader.TryReadString(out _)))
                return null;
            texts.Add(text);
        }

        return texts;
    }

    private static DateTimeOffset Moment(ulong seconds) =>
        seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : DateTimeOffset.MaxValue;
}
