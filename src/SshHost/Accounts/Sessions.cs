using System.Globalization;

namespace Keyhole.SshHost;

/// <summary>Ends everything that runs as one user.</summary>
internal static class Sessions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>By the login manager where one runs, and whatever is left by SIGTERM, then SIGKILL until nothing is.</summary>
    /// <exception cref="AuthDaemonException">Something would not end.</exception>
    public static async Task EndAsync(string name, long uid)
    {
        if (Directory.Exists("/run/systemd/system") && HostProgram.Find("loginctl") is not null)
            await HostProgram.RunAsync("loginctl", ["terminate-user", name]).ConfigureAwait(false);
        if (!await SignalUntilGoneAsync(uid, Signals.Terminate, repeat: false, Patience).ConfigureAwait(false)
            && !await SignalUntilGoneAsync(uid, Signals.Kill, repeat: true, KillPatience).ConfigureAwait(false))
            throw new AuthDaemonException($"Processes of the account {name} would not end.");
    }

    /// <param name="repeat">Send again to what was forked meanwhile.</param>
    private static async Task<bool> SignalUntilGoneAsync(long uid, int signal, bool repeat, TimeSpan patience)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (bool isFirst = true; ; isFirst = false)
        {
            var processes = ProcessesOf(uid);
            if (processes.Count == 0)
                return true;
            if (clock.Elapsed > patience)
                return false;
            if (isFirst || repeat)
                processes.ForEach(process => Signals.Send(process, signal));
            await Task.Delay(Step).ConfigureAwait(false);
        }
    }

    /// <summary>Whose real, effective, saved or file system user it is (proc(5), status), zombies left out.</summary>
    internal static List<int> ProcessesOf(long uid)
    {
        string text = uid.ToString(CultureInfo.InvariantCulture);
        List<int> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
                continue;
            try
            {
                bool isOf = false;
                foreach (string line in File.ReadLines(Path.Combine(directory, "status")))
                {
                    if (line.StartsWith("State:\tZ", StringComparison.Ordinal))
                        break;
                    if (line.StartsWith("Uid:", StringComparison.Ordinal))
                    {
                        isOf = line[4..].Split('\t', StringSplitOptions.RemoveEmptyEntries).Contains(text);
                        break;
                    }
                }

                if (isOf)
                    found.Add(process);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
