namespace Keyhole.SshHost;

/// <summary>The supplementary groups of an account: those that were added here are taken back, what others added stays.</summary>
internal static class AccountGroups
{
    /// <exception cref="AuthDaemonException">The host has no such group; the message names it.</exception>
    public static async Task RequireAsync(IReadOnlyList<string> groups)
    {
        foreach (string group in groups)
        {
            if (!await PasswdEntry.IsGroupAsync(group).ConfigureAwait(false))
                throw new AuthDaemonException($"The group '{group}' of the resource's SSH settings does not exist on this host: make it with 'groupadd {group}', or correct the settings.");
        }
    }

    /// <summary>Takes the account out of what was added here and is not to stay.</summary>
    public static async Task<HostedAccount> TakeAsync(HostTurn turn, HostedAccount account, IReadOnlyList<string> staying)
    {
        string[] surplus = [.. account.Groups.Except(staying, StringComparer.Ordinal)];
        if (surplus.Length == 0)
            return account;
        string[] present = await OfAsync(account.Name).ConfigureAwait(false);
        foreach (string group in surplus.Intersect(present, StringComparer.Ordinal))
            await HostProgram.RequireAsync("gpasswd", ["-d", account.Name, group]).ConfigureAwait(false);
        return await turn.SaveAsync(account with { Groups = [.. account.Groups.Except(surplus, StringComparer.Ordinal)] }).ConfigureAwait(false);
    }

    /// <summary>Adds what is missing.</summary>
    public static async Task<HostedAccount> GiveAsync(HostTurn turn, HostedAccount account, IReadOnlyList<string> wanted)
    {
        if (wanted.Count == 0)
            return account;
        string[] missing = [.. wanted.Except(await OfAsync(account.Name).ConfigureAwait(false), StringComparer.Ordinal)];
        if (missing.Length == 0)
            return account;
        account = await turn.SaveAsync(account with { Groups = [.. account.Groups.Union(missing, StringComparer.Ordinal)] }).ConfigureAwait(false);
        await HostProgram.RequireAsync("usermod", ["-a", "-G", string.Join(',', missing), account.Name]).ConfigureAwait(false);
        return account;
    }

    private static async Task<string[]> OfAsync(string account) =>
        (await HostProgram.RequireAsync("id", ["-Gn", "--", account]).ConfigureAwait(false)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
