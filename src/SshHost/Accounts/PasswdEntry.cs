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
        string[] fields = result.Output.Split('\n')[0].Split(':');
        return result.Status == 0 && fields.Length == 7 && fields[0] == name && long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out long uid)
            ? new PasswdEntry(name, uid, fields[4], fields[5], fields[6])
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

    /// <summary>Whether it is the account that we made: its marker stands in the first part of the comment, which its holder cannot change (chfn(1)).</summary>
    public bool Is(HostedAccount account) =>
        Name == account.Name && Uid >= FirstUid && (account.Uid == 0 || account.Uid == Uid) && Comment.Split(',')[0] == account.Marker;
}
