using System.Diagnostics;
using System.Globalization;

namespace Keyhole.SshHost;

/// <summary>What runs as some users, and the end of it.</summary>
internal static class Sessions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends everything of all of them at once: by the login manager where one runs, and whatever is left by SIGTERM, then SIGKILL until nothing is.</summary>
    /// <returns>The names of those of whom something would not end.</returns>
    /// <exception cref="AuthDaemonException">A program of the host does not end.</exception>
    public static async Task<IReadOnlyList<string>> EndAsync(IReadOnlyList<SessionOwner> owners)
    {
        if (owners.Count == 0)
            return [];
        if (Directory.Exists("/run/systemd/system") && HostProgram.Find("loginctl") is not null)
            await Task.WhenAll(owners.Select(owner => HostProgram.RunAsync("loginctl", ["terminate-user", owner.Name]))).ConfigureAwait(false);
        foreach (int process in ProcessesOf(owners).Select(process => process.Id))
            Signals.Send(process, Signals.Terminate);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience && ProcessesOf(owners).Count > 0;)
            await Task.Delay(Step).ConfigureAwait(false);
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Step).ConfigureAwait(false))
        {
            // By root first: what stops its own kind would stop the helper, too. Then all at once, also where the list is empty: what forks faster than it is read is not in it.
            foreach (var (process, _) in ProcessesOf(owners))
                Signals.Send(process, Signals.Kill);
            await Task.WhenAll(owners.Select(KillAllAsync)).ConfigureAwait(false);
            var left = ProcessesOf(owners);
            if (left.Count == 0)
                return [];
            if (clock.Elapsed > KillPatience)
                return [.. left.Select(process => process.Owner.Name).Distinct(StringComparer.Ordinal)];
        }
    }

    /// <summary>The users as whom something runs now.</summary>
    public static HashSet<long> Running() => [.. Processes().SelectMany(process => process.Users)];

    private static List<(int Id, SessionOwner Owner)> ProcessesOf(IReadOnlyList<SessionOwner> owners) =>
        [.. Processes().Select(process => (process.Id, Owner: owners.FirstOrDefault(owner => process.Users.Any(owner.Owns)))).Where(process => process.Owner is not null).Select(process => (process.Id, process.Owner!))];

    /// <summary>One signal to all at once, by the kernel (kill(2), -1): nothing forks away from it.</summary>
    private static async Task KillAllAsync(SessionOwner owner)
    {
        if (HostProgram.Find("setpriv") is null)
            return;
        try
        {
            await HostProgram.RunAsync("setpriv", ["--reuid", owner.Uid.ToString(CultureInfo.InvariantCulture), "--clear-groups", "sh", "-c", "kill -s KILL -- -1"], limit: KillLimit).ConfigureAwait(false);
        }
        catch (AuthDaemonException)
        {
            // It was stopped before it could; the next round tells what is left.
        }
    }

    /// <summary>All that run, with the real, effective, saved and file system user of each (proc(5), status); zombies are left out.</summary>
    private static List<(int Id, long[] Users)> Processes()
    {
        List<(int, long[])> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
                continue;
            try
            {
                foreach (string line in File.ReadLines(Path.Combine(directory, "status")))
                {
                    if (line.StartsWith("State:\tZ", StringComparison.Ordinal))
                        break;
                    if (!line.StartsWith("Uid:", StringComparison.Ordinal))
                        continue;
                    found.Add((process, [.. line[4..].Split('\t', StringSplitOptions.RemoveEmptyEntries).Select(text => long.Parse(text, CultureInfo.InvariantCulture))]));
                    break;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
