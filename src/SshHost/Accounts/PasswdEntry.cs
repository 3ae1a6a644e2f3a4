using System.Globalization;

namespace Keyhole.SshHost;

/// <summary>A line of the host's user database (passwd(5)), which may be more than /etc/passwd.</summary>
internal sealed record PasswdEntry(string Name, long Uid, string Comment, string Home, string Shell)
{
    /// <summary>getent(1): one or more keys were not found.</summary>
    private const int NotFound = 2;

    /// <summary>Below are the system's own.</summary>
    private const long FirstUid = 1000;

    /// <summary>Null when nobody has the name.</summary>
    /// <exception cref="AuthDaemonException">The database cannot be asked.</exception>
    public static async Task<PasswdEntry?> FindAsync(string name)
    {
        var result = await HostProgram.RunAsync("getent", ["passwd", "--", name]).ConfigureAwait(false);
        if (result.Status == NotFound)
            return null;
        return result.Status == 0 && Parse(result.Output.Split('\n')[0]) is { } entry && entry.Name == name
            ? entry
            : throw new AuthDaemonException($"The user database of the host cannot be asked for '{name}': {result.Said}");
    }

    /// <exception cref="AuthDaemonException">The database cannot be asked.</exception>
    public static async Task<bool> IsGroupAsync(string name)
    {
        var result = await HostProgram.RunAsync("getent", ["group", "--", name]).ConfigureAwait(false);
        return result.Status is 0 or NotFound
            ? result.Status == 0
            : throw new AuthDaemonException($"The group database of the host cannot be asked for '{name}': {result.Said}");
    }

    /// <summary>All of the host. Databases that do not list their users are left out (nsswitch.conf(5)).</summary>
    /// <exception cref="AuthDaemonException">The database cannot be asked.</exception>
    public static async Task<IReadOnlyList<PasswdEntry>> ListAsync()
    {
        string all = await HostProgram.RequireAsync("getent", ["passwd"]).ConfigureAwait(false);
        return [.. all.Split('\n').Select(Parse).OfType<PasswdEntry>()];
    }

    /// <summary>Not one of the system's own.</summary>
    public bool IsPerson => Uid >= FirstUid;

    /// <summary>What the first part of the comment says, which its holder cannot change on most hosts (chfn(1)).</summary>
    public string Marker => Comment.Split(',')[0];

    /// <summary>Whether it is the account that we made.</summary>
    public bool Is(HostedAccount account) => OwnershipOf(account) == Ownership.Ours;

    public Ownership OwnershipOf(HostedAccount account)
    {
        if (Name != account.Name || !IsPerson || (account.Uid != 0 && account.Uid != Uid))
            return Ownership.Foreign;
        // Before its number was noted, the marker is all there is.
        return Marker == account.Marker ? Ownership.Ours : account.Uid == 0 ? Ownership.Foreign : Ownership.Changed;
    }

    private static PasswdEntry? Parse(string line) =>
        line.Split(':') is [var name, _, var number, _, var comment, var home, var shell] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long uid)
            ? new PasswdEntry(name, uid, comment, home, shell) : null;
}
