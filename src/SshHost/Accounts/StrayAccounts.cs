using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>
/// Accounts with our mark, and sudo files, that the state does not name: it was lost, or is an older one. No row would ever lock them again, so they are locked now; their
/// people get new ones.
/// </summary>
internal sealed partial class StrayAccounts(ILogger log)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <exception cref="AuthDaemonException">One of them could not be locked; the others are.</exception>
    public async Task LockAsync(HostState state)
    {
        var named = state.Accounts.Select(account => account.Name).ToHashSet(StringComparer.Ordinal);
        SudoersFragment.RemoveAllBut(named);
        AuthDaemonException? failure = null;
        foreach (var entry in await PasswdEntry.ListAsync().ConfigureAwait(false))
        {
            if (!entry.IsPerson || !MarkerPattern().IsMatch(entry.Marker) || named.Contains(entry.Name) || _seen.Contains(entry.Name))
                continue;
            try
            {
                SshHostLog.Stray(log, entry.Name);
                await HostProgram.RequireAsync("usermod", ["-L", "-e", "1", entry.Name]).ConfigureAwait(false);
                if ((await Sessions.EndAsync([new SessionOwner(entry.Name, entry.Uid)]).ConfigureAwait(false)).Count == 0)
                    _seen.Add(entry.Name);
            }
            catch (AuthDaemonException e)
            {
                failure = e;
            }
        }

        if (failure is not null)
            throw failure;
    }

    [GeneratedRegex(@"\AKeyhole [0-9a-f]{32} [0-9]+\z")]
    private static partial Regex MarkerPattern();
}
