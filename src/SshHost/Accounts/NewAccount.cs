namespace Keyhole.SshHost;

/// <summary>How an account comes to be: under a name that nothing on the host stands for yet.</summary>
internal static class NewAccount
{
    private const string UsualHomes = "/home";

    /// <summary>Where useradd puts home directories (useradd(8), -D).</summary>
    public static async Task<string> DefaultHomesAsync()
    {
        string defaults = await HostProgram.RequireAsync("useradd", ["-D"]).ConfigureAwait(false);
        return defaults.Split('\n').FirstOrDefault(line => line.StartsWith("HOME=/", StringComparison.Ordinal))?["HOME=".Length..] ?? UsualHomes;
    }

    /// <summary>The name that is wanted, or the same with a number behind it: neither account nor group has it, and nothing that belonged to one is left.</summary>
    /// <param name="refused">Names that <see cref="HasRightsAsync"/> found to mean something.</param>
    /// <exception cref="AuthDaemonException">There is none, or the host cannot be asked.</exception>
    public static async Task<string> ChooseNameAsync(HostState state, string wanted, string homes, IReadOnlyCollection<string> refused)
    {
        foreach (string name in AccountName.Candidates(wanted))
        {
            if (AccountName.IsReserved(name) || refused.Contains(name) || state.Accounts.Any(account => account.Name == name) || HasLeftovers(name, homes))
                continue;
            if (await PasswdEntry.FindAsync(name).ConfigureAwait(false) is null && !await PasswdEntry.IsGroupAsync(name).ConfigureAwait(false))
                return name;
        }

        throw new AuthDaemonException($"This host has no account name left that begins with '{wanted}'.");
    }

    /// <exception cref="AuthDaemonException">useradd refuses.</exception>
    public static async Task<PasswdEntry> MakeAsync(HostedAccount account, string homes, string? shell)
    {
        // '*' is a password that nothing matches. Without it useradd writes '!', which sshd without PAM takes for a locked account.
        string[] arguments = ["-m", "-b", homes, "-c", account.Marker, "-p", "*", "-K", "UID_MIN=1000", .. shell is null ? [] : new[] { "-s", shell }, account.Name];
        await HostProgram.RequireAsync("useradd", arguments).ConfigureAwait(false);
        var entry = await PasswdEntry.FindAsync(account.Name).ConfigureAwait(false);
        return entry?.Is(account) == true ? entry : throw new AuthDaemonException($"The account {account.Name} is not what useradd was told to make: see /etc/login.defs on the host.");
    }

    /// <summary>
    /// Whether the host's own rules let an account do something as another user although nobody gave it anything yet: they name it, or the group that it brings with it, for
    /// somebody who is not there.
    /// </summary>
    public static async Task<bool> HasRightsAsync(string name) =>
        HostProgram.Find("sudo") is not null
        && (await HostProgram.RunAsync("sudo", ["-n", "-l", "-U", name]).ConfigureAwait(false)).Output.Contains("may run the following commands", StringComparison.Ordinal);

    /// <summary>Files that a new account would take over from an earlier one of the same name. A link that leads nowhere is one too.</summary>
    private static bool HasLeftovers(string name, string homes)
    {
        string[] places = [Path.Combine(homes, name), $"/var/spool/cron/crontabs/{name}", $"/var/spool/cron/{name}", $"/var/mail/{name}", SudoersFragment.PathOf(name)];
        return places.Any(place => Path.Exists(place) || new FileInfo(place).LinkTarget is not null);
    }
}
