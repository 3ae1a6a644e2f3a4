using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>
/// Makes accounts, brings them up to date and locks them. Each change is written into the state before its first step and after its last, so that whoever comes after a
/// crash finishes it; the steps may be repeated. What takes away comes first.
/// </summary>
internal sealed class AccountKeeper(ILogger log, TimeProvider time)
{
    /// <summary>Names that mean something to sudo, before a host is given up that gives rights to all.</summary>
    private const int MaximumRefused = 8;

    /// <summary>Makes the account or brings it up to date, gives it the rights of the resource, and unlocks it.</summary>
    /// <returns>The account, and the sealed password if one was asked for.</returns>
    /// <exception cref="AuthDaemonException">That is not possible; nothing was made when the order itself is wrong.</exception>
    public async Task<(HostedAccount Account, string? SealedPassword)> ProvisionAsync(HostTurn turn, HostedResource resource, SshAccountOrder order)
    {
        await OrderCheck.CheckAsync(order).ConfigureAwait(false);
        await AccountGroups.RequireAsync(resource.Groups).ConfigureAwait(false);
        var (account, entry) = await ObtainAsync(turn, resource.Authority, order).ConfigureAwait(false);
        bool isOpen = account is { IsLocked: false, IsSettled: true };
        account = await turn.SaveAsync(account with
        {
            Identity = order.Identity,
            IsLocked = false,
            IsSettled = false,
            Resources = [.. account.Resources.Append(resource.Resource).Distinct().Order()],
            OrderedBy = resource.Resource,
            HasPassword = account.HasPassword || order.PasswordKey is not null,
        }).ConfigureAwait(false);
        if (!isOpen)
            await HostProgram.RequireAsync("usermod", ["-U", "-e", "", account.Name]).ConfigureAwait(false);
        if (order.Shell is { } shell && shell != entry.Shell)
            await HostProgram.RequireAsync("usermod", ["-s", shell, account.Name]).ConfigureAwait(false);
        account = await TakeRightsAsync(turn, account, resource.Rights).ConfigureAwait(false);
        account = await GiveRightsAsync(turn, account, resource.Rights).ConfigureAwait(false);
        string? password = order.PasswordKey is { } key ? await Passwords.SetAsync(account.Name, key).ConfigureAwait(false) : null;
        account = await turn.SaveAsync(account with { IsSettled = true, LastLogin = time.GetUtcNow() }).ConfigureAwait(false);
        SshHostLog.Ready(log, account.Name, account.Identity, resource.Resource);
        return (account, password);
    }

    /// <summary>
    /// Brings an account to what the state says of its user's access: locked without any, else with the rights of the resource that ordered it last, neither more nor less.
    /// Whether what runs is to end is left in the state.
    /// </summary>
    /// <exception cref="AuthDaemonException">That is not possible.</exception>
    public async Task SettleAsync(HostTurn turn, HostedAccount account)
    {
        if (!turn.State.HasAccess(account))
        {
            if (!account.IsLocked || !account.IsSettled)
                await LockAsync(turn, account, endsSessions: true, "its user may not log in to this host any more").ConfigureAwait(false);
            return;
        }

        if (account.IsLocked)
        {
            if (!account.IsSettled)
                await LockAsync(turn, account, endsSessions: false, "as it was meant to be").ConfigureAwait(false);
            return;
        }

        var rights = turn.State.RightsOf(account);
        if (account.OrderedBy == 0 || (account.IsSettled && account.Rights == rights))
            return;
        var ownership = await FindOwnershipAsync(turn, account).ConfigureAwait(false);
        if (ownership == Ownership.Foreign)
            return;
        bool isLess = account.Rights?.IsWithin(rights) == false;
        account = await turn.SaveAsync(account with { IsSettled = false, EndsSessions = account.EndsSessions || isLess }).ConfigureAwait(false);
        account = await TakeRightsAsync(turn, account, rights).ConfigureAwait(false);
        if (ownership == Ownership.Ours)
            account = await GiveRightsAsync(turn, account, rights).ConfigureAwait(false);
        await turn.SaveAsync(account with { IsSettled = true }).ConfigureAwait(false);
        SshHostLog.RightsChanged(log, account.Name, account.Identity);
    }

    /// <summary>Locks an account that nobody has logged in to for so long, and forgets one that somebody else has taken over or removed.</summary>
    /// <exception cref="AuthDaemonException">That is not possible.</exception>
    public async Task SweepAsync(HostTurn turn, HostedAccount account, TimeSpan idleAfter)
    {
        var last = account.LastLogin > account.Created ? account.LastLogin : account.Created;
        if (account.Uid > 0 && await FindOwnershipAsync(turn, account).ConfigureAwait(false) != Ownership.Foreign && !account.IsLocked && time.GetUtcNow() - last >= idleAfter)
            await LockAsync(turn, account, endsSessions: false, $"no login for {idleAfter.TotalDays:F0} days").ConfigureAwait(false);
    }

    /// <summary>
    /// Ends what runs of accounts that lost access or rights, of all at once; and what runs of those that were locked before: a login that was under way then may have come
    /// through.
    /// </summary>
    /// <returns>Whether anything was ended: whoever asks looks again after a moment.</returns>
    /// <exception cref="AuthDaemonException">Something would not end.</exception>
    public async Task<bool> EndSessionsAsync(HostTurn turn)
    {
        var running = Sessions.Running();
        List<HostedAccount> ending = [];
        foreach (var account in turn.State.Accounts.Where(account => account.EndsSessions || (account.IsLocked && running.Contains(account.Uid) && !turn.State.HasAccess(account))))
        {
            if (await FindOwnershipAsync(turn, account).ConfigureAwait(false) != Ownership.Foreign)
                ending.Add(account);
        }

        var left = await Sessions.EndAsync([.. ending.Where(account => account.Uid > 0).Select(account => new SessionOwner(account.Name, account.Uid))]).ConfigureAwait(false);
        foreach (var account in ending.Where(account => account.EndsSessions && !left.Contains(account.Name)))
            await turn.SaveAsync(account with { EndsSessions = false }).ConfigureAwait(false);
        return left.Count == 0 ? ending.Count > 0 : throw new AuthDaemonException($"Processes of {string.Join(", ", left)} would not end.");
    }

    private async Task LockAsync(HostTurn turn, HostedAccount account, bool endsSessions, string reason)
    {
        account = await turn.SaveAsync(account with { IsLocked = true, IsSettled = false, EndsSessions = account.EndsSessions || endsSessions }).ConfigureAwait(false);
        if (await FindOwnershipAsync(turn, account).ConfigureAwait(false) == Ownership.Foreign)
            return;
        SudoersFragment.Remove(account.Name);
        var entry = (await PasswdEntry.FindAsync(account.Name).ConfigureAwait(false))!;
        if (account.Uid == 0)
            account = await turn.SaveAsync(account with { Uid = entry.Uid }).ConfigureAwait(false);
        await HostProgram.RequireAsync("usermod", ["-L", "-e", "1", account.Name]).ConfigureAwait(false);
        account = await TakeRightsAsync(turn, account, AccountRights.None).ConfigureAwait(false);
        await turn.SaveAsync(account with { IsSettled = true }).ConfigureAwait(false);
        SshHostLog.Locked(log, account.Name, account.Identity, reason);
    }

    /// <summary>Takes away what is not to stay.</summary>
    private static async Task<HostedAccount> TakeRightsAsync(HostTurn turn, HostedAccount account, AccountRights staying)
    {
        var kept = (account.Rights ?? AccountRights.None).Within(staying);
        if (kept.Sudo != account.Rights?.Sudo)
            SudoersFragment.Remove(account.Name);
        account = await AccountGroups.TakeAsync(turn, account, staying.Groups).ConfigureAwait(false);
        return kept == account.Rights ? account : await turn.SaveAsync(account with { Rights = kept }).ConfigureAwait(false);
    }

    /// <summary>Adds what is missing.</summary>
    private static async Task<HostedAccount> GiveRightsAsync(HostTurn turn, HostedAccount account, AccountRights wanted)
    {
        await AccountGroups.RequireAsync(wanted.Groups).ConfigureAwait(false);
        account = await AccountGroups.GiveAsync(turn, account, wanted.Groups).ConfigureAwait(false);
        // Also where it has these already: the file may have changed, and with a password it says something else.
        await SudoersFragment.ApplyAsync(account.Name, wanted.Sudo, account.HasPassword).ConfigureAwait(false);
        return account.Rights == wanted ? account : await turn.SaveAsync(account with { Rights = wanted }).ConfigureAwait(false);
    }

    /// <summary>An account that is gone or somebody else's by now is forgotten, with what it was allowed.</summary>
    private async Task<Ownership> FindOwnershipAsync(HostTurn turn, HostedAccount account)
    {
        var entry = await PasswdEntry.FindAsync(account.Name).ConfigureAwait(false);
        var ownership = entry?.OwnershipOf(account) ?? Ownership.Foreign;
        if (ownership != Ownership.Foreign)
            return ownership;
        SudoersFragment.Remove(account.Name);
        await turn.SaveAsync(turn.State.Without(account)).ConfigureAwait(false);
        if (entry is not null || account.Uid > 0)
            SshHostLog.Foreign(log, account.Name);
        return ownership;
    }

    /// <summary>The user's account: the one there is, or a new one.</summary>
    private async Task<(HostedAccount Account, PasswdEntry Entry)> ObtainAsync(HostTurn turn, string authority, SshAccountOrder order)
    {
        if (turn.State.FindAccount(authority, order.User) is { } known && await FindOwnershipAsync(turn, known).ConfigureAwait(false) is var ownership and not Ownership.Foreign)
        {
            if (ownership == Ownership.Changed)
                throw new AuthDaemonException($"The comment of the account {known.Name} was changed on the host, so it may be somebody else's: run 'usermod -c \"{known.Marker}\" {known.Name}' there if it is not.");
            var entry = (await PasswdEntry.FindAsync(known.Name).ConfigureAwait(false))!;
            if (known.Uid > 0 || (Directory.Exists(entry.Home) && !await NewAccount.HasRightsAsync(known.Name).ConfigureAwait(false)))
                return (known with { Uid = entry.Uid }, entry);
            // Its making was cut off; nobody was ever told of it.
            await HostProgram.RequireAsync("userdel", [known.Name]).ConfigureAwait(false);
            await turn.SaveAsync(turn.State.Without(known)).ConfigureAwait(false);
        }

        string homes = order.Home ?? await NewAccount.DefaultHomesAsync().ConfigureAwait(false);
        if (await TrustedPath.FindFaultAsync(homes).ConfigureAwait(false) is { } fault)
            throw new AuthDaemonException($"The directory {homes} cannot hold home directories: {fault}. Correct that on the host, or the resource's SSH settings.");
        List<string> refused = [];
        while (true)
        {
            string name = await NewAccount.ChooseNameAsync(turn.State, order.Name, homes, refused).ConfigureAwait(false);
            var account = new HostedAccount { Authority = authority, User = order.User, Name = name, Identity = order.Identity, Created = time.GetUtcNow() };
            await turn.SaveAsync(account).ConfigureAwait(false);
            var made = await NewAccount.MakeAsync(account, homes, order.Shell).ConfigureAwait(false);
            if (!await NewAccount.HasRightsAsync(name).ConfigureAwait(false))
            {
                account = await turn.SaveAsync(account with { Uid = made.Uid }).ConfigureAwait(false);
                SshHostLog.Made(log, name, made.Uid, order.Identity, authority);
                return (account, made);
            }

            // With the home directory of a moment ago.
            await HostProgram.RequireAsync("userdel", ["-r", name]).ConfigureAwait(false);
            await turn.SaveAsync(turn.State.Without(account)).ConfigureAwait(false);
            SshHostLog.Meaningful(log, name);
            refused.Add(name);
            if (refused.Count == MaximumRefused)
                throw new AuthDaemonException($"The sudo rules of this host give rights to every account whose name begins with '{order.Name}': correct /etc/sudoers there.");
        }
    }
}
