namespace Keyhole.SshHost;

/// <summary>Where an auth daemon keeps what it knows, and when it locks an account that nobody uses.</summary>
/// <param name="StateDirectory">Of root alone (0700): accounts, host token, the daemon's own key.</param>
/// <param name="SshDirectory">What the SSH server reads: trusted keys, revoked certificates, host certificates.</param>
/// <param name="IdleAfter">Without a login for so long an account is locked; the next login unlocks it.</param>
public sealed record AuthDaemonOptions(string StateDirectory, string SshDirectory, TimeSpan IdleAfter)
{
    public static AuthDaemonOptions Default { get; } = new("/var/lib/keyhole-ssh", "/etc/ssh/keyhole", TimeSpan.FromDays(90));
}
