using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.Fuzz;

/// <summary>What people, hosts and programs hand over in OpenSSH's forms. The first byte says which: a public key, a certificate, or a request to the agent.</summary>
internal sealed class SshWireTarget : IFuzzTarget
{
    private const byte KeyForm = 0;
    private const byte CertificateForm = 1;
    private const byte AgentForm = 2;
    private const byte SignResponse = 14;

    private static readonly DateTimeOffset Noon = new(2030, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Ed25519PrivateKey Authority = new([.. Enumerable.Repeat((byte)7, 32)]);
    private static readonly Ed25519PrivateKey Holder = new([.. Enumerable.Repeat((byte)8, 32)]);
    private readonly SshPublicKey _authorityKey;
    private readonly SshPublicKey _key;
    private readonly SshCertificate _certificate;

    public SshWireTarget()
    {
        _authorityKey = SshPublicKey.FromEd25519(Authority.PublicKey);
        _key = SshPublicKey.FromEd25519(Holder.PublicKey);
        _certificate = SshCertificate.Parse(SshCertificateWriter.Sign(
            new SshCertificateRequest(_key, SshCertificateType.User, 42, "user=ada", ["keyhole:0123:7:89ab:ada"], Noon, Noon.AddMinutes(5), ["permit-pty"]), Authority, new byte[32]))!;
    }

    public string Name => "ssh-wire";

    public string Door => "public keys, certificates and requests to the agent in OpenSSH's forms";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            yield return ("key-ed25519", [KeyForm, .. _key.Blob.Span]);
            yield return ("key-ecdsa", [KeyForm, .. Written([.. "ecdsa-sha2-nistp256"u8], [.. "nistp256"u8], [4, .. new byte[64]])]);
            yield return ("key-rsa", [KeyForm, .. Written([.. "ssh-rsa"u8], [1, 0, 1], [0, 0x80, .. new byte[126], 1])]);
            yield return ("certificate", [CertificateForm, .. _certificate.Blob.Span]);
            yield return ("agent-list", [AgentForm, 11]);
            yield return ("agent-sign", [AgentForm, 13, .. Written(_key.Blob.ToArray(), [.. "to be signed"u8]), 0, 0, 0, 0]);
        }
    }

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        if (input.IsEmpty)
            return outcome.Value;
        byte form = (byte)(input[0] % 3);
        var body = input[1..];
        outcome.Add(form);
        switch (form)
        {
            case KeyForm:
                RunKey(body, ref outcome);
                break;
            case CertificateForm:
                RunCertificate(body, ref outcome);
                break;
            default:
                RunAgent(body, ref outcome);
                break;
        }

        return outcome.Value;
    }

    private static void RunKey(Span<byte> blob, ref Outcome outcome)
    {
        var key = SshPublicKey.FromBlob(blob);
        outcome.Add(key is not null);
        if (key is null)
            return;
        outcome.Add(key.Type.Length);
        Promise.Holds(key.Blob.Span.SequenceEqual(blob) && key.Equals(SshPublicKey.Parse(key.ToString())));

        // Nothing may follow: it would be a certificate's next field.
        Promise.Holds(SshPublicKey.FromBlob([.. blob, 0]) is null);
    }

    private void RunCertificate(Span<byte> blob, ref Outcome outcome)
    {
        var certificate = SshCertificate.Parse($"{_certificate.KeyType} {Convert.ToBase64String(blob)}");
        outcome.Add(certificate is not null);
        if (certificate is null)
            return;
        outcome.Add(certificate.Principals.Count);
        outcome.Add(certificate.Extensions.Count);
        Promise.Holds(!certificate.Verify(_authorityKey) || blob.SequenceEqual(_certificate.Blob.Span));
    }

    private void RunAgent(Span<byte> request, ref Outcome outcome)
    {
        byte[] answer = new AgentProtocol(Holder, _certificate, "keyhole").Answer(request);
        outcome.Add(answer[0]);
        Promise.Holds(answer[0] != SignResponse || request.IndexOf(_key.Blob.Span) >= 0 || request.IndexOf(_certificate.Blob.Span) >= 0);
    }

    private static byte[] Written(params ReadOnlySpan<byte[]> strings)
    {
        var writer = new SshWriter();
        foreach (byte[] text in strings)
            writer.WriteString(text);
        return writer.Written.ToArray();
    }
}
