namespace Keyhole.Control;

/// <summary>Whose the accounts on hosts are: the name that each user asks for everywhere, and the name that it has on a host.</summary>
internal static class SshAccounts
{
    /// <summary>The account name that a user asks for: chosen once, and kept for ever.</summary>
    public static string? WantedBy(SshState ssh, int user) => ssh.Accounts.Where(account => account.User == user).Select(account => account.Name).FirstOrDefault();

    /// <summary>With such a name; the same where there is one.</summary>
    public static SshState Named(SshState ssh, User user)
    {
        if (WantedBy(ssh, user.Id) is not null)
            return ssh;
        // Also what hosts gave to users who are gone: their accounts there stay theirs.
        var taken = ssh.Accounts.Select(account => account.Name).Concat(ssh.HostAccounts.Where(account => account.User != user.Id).Select(account => account.Name)).ToHashSet(StringComparer.Ordinal);
        string name = SshNames.Free(SshNames.WantedAccount(user.Email), taken.Contains);
        return ssh with { Accounts = ssh.Accounts.Append(new SshAccountName(user.Id, name)).OrderBy(account => account.User).ToValueList() };
    }

    /// <summary>
    /// Notes what a host answered to an order. It names its own accounts and itself, but neither the account of another user, on whichever resource of the same host, nor another
    /// machine than before: who stands between could open somebody else's account by that.
    /// </summary>
    /// <param name="ordered">The name that was asked for.</param>
    /// <exception cref="ApiException">It does not fit to what the host answered before.</exception>
    public static SshState Bind(SshState ssh, Resource resource, int user, string ordered, SshAccount account)
    {
        var host = ssh.FindHost(resource.Id)!;
        string token = SshNames.HostTokenOf(account.Principal);
        if (host.Token is { } known && known != token)
            throw Refused($"The auth daemon of {resource.Name} answered for another machine than before: if the host was reinstalled, an administrator runs \"keyhole-control ssh forget-host {resource.Name}\".");
        if (!SshNames.IsNumbered(account.Name, ordered))
            throw Refused($"The auth daemon of {resource.Name} answered with the account {account.Name}, which is not one for {ordered}: look into the log of the connector and of the daemon.");
        var resources = ssh.Hosts.Where(other => other.Token == token).Select(other => other.Resource).Append(resource.Id).ToHashSet();
        if (ssh.HostAccounts.Any(other => other.Name == account.Name && other.User != user && resources.Contains(other.Resource)))
            throw Refused($"The auth daemon of {resource.Name} answered with the account {account.Name}, which is another user's: look into the log of the connector and of the daemon.");
        var next = host.Token is null ? ssh.With(host with { Token = token }) : ssh;
        var own = new SshHostAccount(resource.Id, account.Name, user);
        return next.HostAccounts.Contains(own)
            ? next
            : next with { HostAccounts = next.HostAccounts.Append(own).OrderBy(other => other.Resource).ThenBy(other => other.Name, StringComparer.Ordinal).ToValueList() };
    }

    private static ApiException Refused(string detail) => new(StatusCodes.Status502BadGateway, detail);
}
