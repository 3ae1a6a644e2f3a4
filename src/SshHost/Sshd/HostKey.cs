using Keyhole.Ssh;

namespace Keyhole.SshHost;

/// <summary>A key of the host's SSH server.</summary>
/// <param name="Name">Of its file: "ssh_host_ed25519_key".</param>
internal sealed record HostKey(string Name, SshPublicKey Key)
{
    public string CertificateName => Name + "-cert.pub";
}
