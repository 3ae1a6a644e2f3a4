namespace Keyhole.Ssh;

/// <summary>Who shows the certificate; the numbers are those of the wire (PROTOCOL.certkeys).</summary>
public enum SshCertificateType
{
    User = 1,
    Host = 2,
}
