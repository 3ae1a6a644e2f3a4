using Keyhole.Agent;

namespace Keyhole.SshHost;

/// <summary>The settings of the commands for the host.</summary>
internal static class AuthDaemonSettings
{
    public static readonly Setting PreSharedKey = new("--pre-shared-key", "KEY", "The key that the connector was given too. On the command line every user of this host reads it: use the file.");

    public static readonly Setting PreSharedKeyFile = new("--pre-shared-key-file", "FILE", "A file that holds the key that the connector was given too, at least 24 characters.");

    public static readonly Setting Port = new("--port", "PORT", "The TCP port to listen on.") { Default = "22123" };

    public static readonly Setting Listen = new("--listen", "ADDR", "The address to listen on; all of the host where it is left out.") { Default = "::" };

    public static readonly Setting State = new("--state", "DIR", "The directory of root's in which the auth daemon keeps accounts and keys.") { Default = AuthDaemonOptions.Default.StateDirectory };

    public static readonly Setting SshDirectory = new("--ssh-directory", "DIR", "The directory from which the SSH server reads whom to trust.") { Default = AuthDaemonOptions.Default.SshDirectory };

    public static readonly Setting IdleDays = new("--idle-days", "DAYS", "Lock an account after so many days without a login.") { Default = "90" };

    public static readonly Setting Username = new("--username", "NAME", "The account that somebody wants to log in to: sshd's %u.");

    public static readonly Setting CertificateAuthority = new("--ca", "SHA256:…", "The fingerprint of the key that signed the certificate: sshd's %F. Others than the account's organisation are let in to nothing.");

    public static readonly Setting Authority = new("--authority", "HEX", "The organisation: 32 hexadecimal digits, as the line says by which a connector was refused.");

    public static readonly Setting Install = new("--install", "", "Write the lines into the SSH server's configuration, have it check them, and let it read them.") { IsSwitch = true };
}
