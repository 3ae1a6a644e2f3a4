using Keyhole.Cryptography;

namespace Keyhole.Ssh;

/// <summary>
/// The answers of an SSH agent that holds one Ed25519 key and its certificate (draft-miller-ssh-agent): it lists them and signs with the key. Everything else, adding keys,
/// extensions, is answered with a failure. Messages are without the length that goes before them on the socket. Not for several threads at once.
/// </summary>
/// <param name="key">The caller's to dispose.</param>
/// <param name="certificate">Null before there is one.</param>
public sealed class AgentProtocol(Ed25519PrivateKey key, SshCertificate? certificate, string comment)
{
    /// <summary>Bytes of a request: OpenSSH's own bound.</summary>
    public const int MaximumLength = 256 * 1024;

    private const byte Failure = 5;
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;

    private readonly SshPublicKey _publicKey = SshPublicKey.FromEd25519(key.PublicKey);

    /// <summary>How often it has signed.</summary>
    public int SignatureCount { get; private set; }

    public byte[] Answer(ReadOnlySpan<byte> request)
    {
        var reader = new SshReader(request);
        if (!reader.TryReadByte(out byte type) || request.Length > MaximumLength)
            return [Failure];
        return type switch
        {
            RequestIdentities when reader.IsAtEnd => Identities(),
            SignRequest when reader.TryReadString(out var blob) && reader.TryReadString(out var data) && reader.TryReadUInt32(out _) && reader.IsAtEnd && IsOurs(blob) => Sign(data),
            _ => [Failure],
        };
    }

    private bool IsOurs(ReadOnlySpan<byte> blob) => blob.SequenceEqual(_publicKey.Blob.Span) || (certificate is not null && blob.SequenceEqual(certificate.Blob.Span));

    private byte[] Identities()
    {
        var writer = new SshWriter();
        writer.WriteByte(IdentitiesAnswer);
        writer.WriteUInt32(certificate is null ? 1u : 2u);
        if (certificate is not null)
        {
            writer.WriteString(certificate.Blob.Span);
            writer.WriteString(comment);
        }

        writer.WriteString(_publicKey.Blob.Span);
        writer.WriteString(comment);
        return writer.Written.ToArray();
    }

    private byte[] Sign(ReadOnlySpan<byte> data)
    {
        Span<byte> signature = stackalloc byte[Ed25519.SignatureLength];
        key.Sign(data, signature);
        SignatureCount++;
        var writer = new SshWriter();
        writer.WriteByte(SignResponse);
        writer.WriteString(SshCertificateWriter.Ed25519Signature(signature));
        return writer.Written.ToArray();
    }
}
