using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Keyhole.SshHost;

/// <summary>
/// Accounts with our mark, of organisations that this host serves, that the state does not name: it was lost, or is an older one. No row would ever lock them again, so they
/// are locked now; their people get new ones. Those of organisations that nobody spoke for here are another daemon's.
/// </summary>
internal sealed partial class StrayAccounts(ILogger log)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <exception cref="AuthDaemonException">One of them could not be locked; the others are.</exception>
    public async Task LockAsync(HostState state)
    {
        var named = state.Accounts.Select(account => account.Name).ToHashSet(StringComparer.Ordinal);
        var strangers = (await PasswdEntry.ListAsync().ConfigureAwait(false)).Where(entry => !named.Contains(entry.Name))
            .DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        foreach (string name in SudoersFragment.Accounts().Where(name => !named.Contains(name)))
        {
            if (!strangers.TryGetValue(name, out var entry) || AuthorityOf(entry) is not { } authority || IsServed(state, authority))
                SudoersFragment.Remove(name);
        }

        AuthDaemonException? failure = null;
        foreach (var entry in strangers.Values.Where(entry => AuthorityOf(entry) is { } authority && IsServed(state, authority) && !_seen.Contains(entry.Name)))
        {
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

    private static bool IsServed(HostState state, string authority) => state.FindAuthority(authority) is { Sites.Count: > 0 };

    /// <summary>The organisation whose mark an account has; null for one without.</summary>
    private static string? AuthorityOf(PasswdEntry entry) => entry.IsPerson && MarkerPattern().Match(entry.Marker) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex(@"\AKeyhole ([0-9a-f]{32}) [0-9]+\z")]
    private static partial Regex MarkerPattern();
}
