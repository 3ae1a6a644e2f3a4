using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>
/// Makes accounts, brings them up to date and locks them. Each change is written into the state before its first step and after its last, so that whoever comes after a
/// crash finishes it; the steps may be repeated.
/// </summary>
internal sealed class AccountKeeper(ILogger log, TimeProvider time)
{
    /// <summary>Makes the account or brings it up to date, and unlocks it.</summary>
    /// <returns>The account, and the sealed password if one was asked for.</returns>
    /// <exception cref="AuthDaemonException">That is not possible; nothing was made when the order itself is wrong.</exception>
    public async Task<(HostedAccount Account, string? SealedPassword)> ProvisionAsync(HostTurn turn, string authority, int resource, SshAccountOrder order)
    {
        OrderCheck.Check(order);
        SudoersFragment.TextFor(order.Name, order.Sudo, hasPassword: false);
        foreach (string group in order.Groups)
        {
            if (!await PasswdEntry.IsGroupAsync(group).ConfigureAwait(false))
                throw new AuthDaemonException($"The group '{group}' of the resource's SSH settings does not exist on this host: make it with 'groupadd {group}', or correct the settings.");
        }

        var (account, entry) = await ObtainAsync(turn, authority, order).ConfigureAwait(false);
        bool isOpen = account is { IsLocked: false, IsSettled: true };
        account = await turn.SaveAsync(account with
        {
            Identity = order.Identity,
            IsLocked = false,
            IsSettled = false,
            Resources = [.. account.Resources.Append(resource).Distinct().Order()],
            OrderedBy = resource,
            HasPassword = account.HasPassword || order.PasswordKey is not null,
        }).ConfigureAwait(false);
        if (!isOpen)
            await HostProgram.RequireAsync("usermod", ["-U", "-e", "", account.Name]).ConfigureAwait(false);
        if (order.Shell is { } shell && shell != entry.Shell)
            await HostProgram.RequireAsync("usermod", ["-s", shell, account.Name]).ConfigureAwait(false);
        account = await SetGroupsAsync(turn, account, order.Groups).ConfigureAwait(false);
        await SudoersFragment.ApplyAsync(account.Name, order.Sudo, account.HasPassword).ConfigureAwait(false);
        string? password = order.PasswordKey is { } key ? await Passwords.SetAsync(account.Name, key).ConfigureAwait(false) : null;
        account = await turn.SaveAsync(account with { IsSettled = true, LastLogin = time.GetUtcNow() }).ConfigureAwait(false);
        SshHostLog.Ready(log, account.Name, account.Identity, resource);
        return (account, password);
    }

    /// <summary>Brings an account to what the state says of its user's access: locked without any, and without the rights that came with a resource that is gone.</summary>
    /// <exception cref="AuthDaemonException">That is not possible.</exception>
    public async Task SettleAsync(HostTurn turn, HostedAccount account)
    {
        if (!turn.State.HasAccess(account))
        {
            if (!account.IsLocked || !account.IsSettled)
                await LockAsync(turn, account, endSessions: true, "its user may not log in to this host any more").ConfigureAwait(false);
        }
        else if (account is { IsLocked: true, IsSettled: false })
        {
            await LockAsync(turn, account, endSessions: false, "as it was meant to be").ConfigureAwait(false);
        }
        else if (account is { IsLocked: false, OrderedBy: > 0 } && (!account.IsSettled || !turn.State.HasAccess(account, account.OrderedBy)))
        {
            if (!await IsOursAsync(turn, account).ConfigureAwait(false))
                return;
            SudoersFragment.Remove(account.Name);
            account = await SetGroupsAsync(turn, account, []).ConfigureAwait(false);
            await turn.SaveAsync(account with { OrderedBy = 0 }).ConfigureAwait(false);
        }
    }

    /// <summary>Locks those that nobody has logged in to for so long, and forgets those that somebody else has taken over or removed.</summary>
    /// <exception cref="AuthDaemonException">That is not possible.</exception>
    public async Task SweepAsync(HostTurn turn, TimeSpan idleAfter)
    {
        var now = time.GetUtcNow();
        foreach (var account in turn.State.Accounts.Where(account => account.Uid > 0))
        {
            if (!await IsOursAsync(turn, account).ConfigureAwait(false))
                continue;
            if (!account.IsLocked && now - (account.LastLogin > account.Created ? account.LastLogin : account.Created) >= idleAfter)
                await LockAsync(turn, account, endSessions: false, $"no login for {idleAfter.TotalDays:F0} days").ConfigureAwait(false);
        }
    }

    private async Task LockAsync(HostTurn turn, HostedAccount account, bool endSessions, string reason)
    {
        account = await turn.SaveAsync(account with { IsLocked = true, IsSettled = false }).ConfigureAwait(false);
        if (!await IsOursAsync(turn, account).ConfigureAwait(false))
            return;
        var entry = (await PasswdEntry.FindAsync(account.Name).ConfigureAwait(false))!;
        await HostProgram.RequireAsync("usermod", ["-L", "-e", "1", account.Name]).ConfigureAwait(false);
        SudoersFragment.Remove(account.Name);
        if (endSessions)
            await Sessions.EndAsync(account.Name, entry.Uid).ConfigureAwait(false);
        await turn.SaveAsync(account with { Uid = entry.Uid, IsSettled = true }).ConfigureAwait(false);
        SshHostLog.Locked(log, account.Name, account.Identity, reason);
    }

    /// <summary>False when the account is gone or somebody else's by now: then it is forgotten, with what it was allowed.</summary>
    private async Task<bool> IsOursAsync(HostTurn turn, HostedAccount account)
    {
        var entry = await PasswdEntry.FindAsync(account.Name).ConfigureAwait(false);
        if (entry?.Is(account) == true)
            return true;
        SudoersFragment.Remove(account.Name);
        await turn.SaveAsync(turn.State.Without(account)).ConfigureAwait(false);
        if (entry is not null || account.Uid > 0)
            SshHostLog.Foreign(log, account.Name);
        return false;
    }

    /// <summary>The user's account: the one there is, or a new one.</summary>
    private async Task<(HostedAccount Account, PasswdEntry Entry)> ObtainAsync(HostTurn turn, string authority, SshAccountOrder order)
    {
        if (turn.State.FindAccount(authority, order.User) is { } known && await IsOursAsync(turn, known).ConfigureAwait(false))
        {
            var entry = (await PasswdEntry.FindAsync(known.Name).ConfigureAwait(false))!;
            if (known.Uid > 0 || Directory.Exists(entry.Home))
                return (known with { Uid = entry.Uid }, entry);
            // Its making was cut off before it had a home directory; nobody was ever told of it.
            await HostProgram.RequireAsync("userdel", [known.Name]).ConfigureAwait(false);
            await turn.SaveAsync(turn.State.Without(known)).ConfigureAwait(false);
        }

        string homes = order.Home ?? await NewAccount.DefaultHomesAsync().ConfigureAwait(false);
        if (await TrustedPath.FindFaultAsync(homes).ConfigureAwait(false) is { } fault)
            throw new AuthDaemonException($"The directory {homes} cannot hold home directories: {fault}. Correct that on the host, or the resource's SSH settings.");
        string name = await NewAccount.ChooseNameAsync(turn.State, order.Name, homes).ConfigureAwait(false);
        var account = new HostedAccount { Authority = authority, User = order.User, Name = name, Identity = order.Identity, Created = time.GetUtcNow() };
        await turn.SaveAsync(account).ConfigureAwait(false);
        var made = await NewAccount.MakeAsync(account, homes, order.Shell).ConfigureAwait(false);
        account = await turn.SaveAsync(account with { Uid = made.Uid }).ConfigureAwait(false);
        SshHostLog.Made(log, name, made.Uid, order.Identity, authority);
        return (account, made);
    }

    /// <summary>Adds what is missing, and takes back what an earlier order added and this one does not name. What others added stays.</summary>
    private static async Task<HostedAccount> SetGroupsAsync(HostTurn turn, HostedAccount account, IReadOnlyList<string> wanted)
    {
        if (wanted.Count == 0 && account.Groups.Count == 0)
            return account;
        string[] present = (await HostProgram.RequireAsync("id", ["-Gn", "--", account.Name]).ConfigureAwait(false)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        string[] missing = [.. wanted.Except(present, StringComparer.Ordinal)];
        string[] surplus = [.. account.Groups.Except(wanted, StringComparer.Ordinal)];
        if (missing.Length > 0)
        {
            account = await turn.SaveAsync(account with { Groups = [.. account.Groups.Union(missing, StringComparer.Ordinal)] }).ConfigureAwait(false);
            await HostProgram.RequireAsync("usermod", ["-a", "-G", string.Join(',', missing), account.Name]).ConfigureAwait(false);
        }

        foreach (string group in surplus.Intersect(present, StringComparer.Ordinal))
            await HostProgram.RequireAsync("gpasswd", ["-d", account.Name, group]).ConfigureAwait(false);
        return surplus.Length == 0 ? account : await turn.SaveAsync(account with { Groups = [.. account.Groups.Except(surplus, StringComparer.Ordinal)] }).ConfigureAwait(false);
    }
}
