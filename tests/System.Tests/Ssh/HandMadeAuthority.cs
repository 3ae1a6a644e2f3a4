using System.Globalization;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A certificate authority by <c>ssh-keygen</c>, and people's and hosts' keys with certificates of it: what Keyhole's own must be like.</summary>
internal sealed class HandMadeAuthority : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-authority-").FullName;
    private int _count;

    public HandMadeAuthority() => LabProcess.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", CaFile);

    /// <summary>In the form of authorized_keys.</summary>
    public string PublicKey => File.ReadAllText($"{CaFile}.pub").Trim();

    private string CaFile => Path.Combine(_folder, "ca");

    /// <summary>A new key with a certificate; gives the file of the private key, beside which the certificate lies as ssh expects it.</summary>
    public string UserKey(string principal, DateTimeOffset? validFrom = null, DateTimeOffset? validTo = null, long serial = 1)
    {
        string file = Path.Combine(_folder, $"user{++_count}");
        LabProcess.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file);
        var from = validFrom ?? DateTimeOffset.UtcNow.AddMinutes(-1);
        var to = validTo ?? DateTimeOffset.UtcNow.AddMinutes(30);
        LabProcess.Run("env", "TZ=UTC", "ssh-keygen", "-q", "-s", CaFile, "-I", "a person", "-n", principal, "-z", serial.ToString(CultureInfo.InvariantCulture), "-V", $"{Time(from)}:{Time(to)}", $"{file}.pub");
        return file;
    }

    /// <summary>Certifies the host's Ed25519 key for a name and has its sshd show it from the next start on.</summary>
    public void CertifyHost(SshHost host, string name)
    {
        host.Write("/etc/ssh/ssh_host_ed25519_key-cert.pub", Certificate(host.Read("/etc/ssh/ssh_host_ed25519_key.pub"), name));
        host.Write("/etc/ssh/sshd_config.d/host.conf", "HostKey /etc/ssh/ssh_host_ed25519_key\nHostCertificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n");
    }

    /// <summary>A host certificate for a public key: the text of its file.</summary>
    public string Certificate(string publicKey, string name)
    {
        string file = Path.Combine(_folder, $"host{++_count}");
        File.WriteAllText($"{file}.pub", publicKey);
        LabProcess.Run("ssh-keygen", "-q", "-s", CaFile, "-h", "-I", "a host", "-n", name, "-V", "-1h:+1d", $"{file}.pub");
        return File.ReadAllText($"{file}-cert.pub");
    }

    /// <summary>A known_hosts file that takes hosts by this authority's word and by no other.</summary>
    public string KnownHosts()
    {
        string file = Path.Combine(_folder, "known_hosts");
        File.WriteAllText(file, $"@cert-authority * {PublicKey}\n");
        return file;
    }

    /// <summary>A list for RevokedKeys that holds one serial.</summary>
    public byte[] RevocationList(long serial)
    {
        string list = Path.Combine(_folder, "serials"), file = Path.Combine(_folder, "revoked.krl");
        File.WriteAllText(list, $"serial: {serial}\n");
        LabProcess.Run("ssh-keygen", "-q", "-k", "-f", file, "-s", $"{CaFile}.pub", list);
        return File.ReadAllBytes(file);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
}
