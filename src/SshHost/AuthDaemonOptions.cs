using Keyhole.Agent;

namespace Keyhole.SshHost;

/// <summary>Where an auth daemon keeps what it knows, and when it locks an account that nobody uses.</summary>
/// <param name="StateDirectory">Of root alone (0700): accounts, host token, the daemon's own key.</param>
/// <param name="SshDirectory">What the SSH server reads: trusted keys, revoked certificates, host certificates.</param>
/// <param name="IdleAfter">Without a login for so long an account is locked; the next login unlocks it.</param>
public sealed record AuthDaemonOptions(string StateDirectory, string SshDirectory, TimeSpan IdleAfter)
{
    public static AuthDaemonOptions Default { get; } = new("/var/lib/keyhole-ssh", "/etc/ssh/keyhole", TimeSpan.FromDays(90));

    /// <summary>From the three settings of a program, whatever it calls them; each has a default.</summary>
    /// <exception cref="AgentException">The days are no number from 1 to 36,500.</exception>
    public static AuthDaemonOptions From(SettingValues values, Setting state, Setting sshDirectory, Setting idleDays)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new AuthDaemonOptions(
            Path.GetFullPath(values.Require(state)), Path.GetFullPath(values.Require(sshDirectory)), TimeSpan.FromDays(values.Number(idleDays, 1, 36_500)!.Value));
    }
}
