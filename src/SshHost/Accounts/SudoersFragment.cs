using System.Text;
using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>What one account may do as root: a file of its own in /etc/sudoers.d, which visudo has read before sudo does (sudoers(5)).</summary>
internal static class SudoersFragment
{
    private const string Directory = "/etc/sudoers.d";
    private const int MaximumCommands = 64;
    private const int MaximumLength = 512;
    private const string Prefix = "keyhole-";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.GroupRead;

    /// <summary>Sudo reads no file with a dot in its name; account names have none.</summary>
    public static string PathOf(string account) => Path.Combine(Directory, Prefix + account);

    /// <summary>The file's content, or null for an account that may do nothing.</summary>
    /// <param name="hasPassword">Then sudo asks for it.</param>
    /// <exception cref="AuthDaemonException">A command is not one that can be written down literally.</exception>
    public static string? TextFor(string account, SshSudo sudo, bool hasPassword)
    {
        string tag = hasPassword ? "" : "NOPASSWD: ";
        switch (sudo.Mode)
        {
            case SshSudoMode.Full:
                return Head(account) + $"{account} ALL=(ALL:ALL) {tag}ALL\n";
            case SshSudoMode.Commands when sudo.Commands.Count is > 0 and <= MaximumCommands:
                return Head(account) + $"{account} ALL=(root) {tag}{string.Join(", ", sudo.Commands.Select(Escape))}\n";
            case SshSudoMode.Commands:
                throw new AuthDaemonException($"The resource's SSH settings allow sudo for commands: name 1 to {MaximumCommands} of them.");
            default:
                return null;
        }
    }

    /// <summary>Writes, replaces or removes the account's file.</summary>
    /// <exception cref="AuthDaemonException">There is no sudo, or it does not take the file.</exception>
    public static async Task ApplyAsync(string account, SshSudo sudo, bool hasPassword)
    {
        string path = PathOf(account);
        if (TextFor(account, sudo, hasPassword) is not { } text)
        {
            Remove(account);
            return;
        }

        if (HostProgram.Find("visudo") is null || !System.IO.Directory.Exists(Directory))
            throw new AuthDaemonException("The resource's SSH settings allow sudo, and this host has none: install sudo, or change the settings.");
        byte[] content = Encoding.ASCII.GetBytes(text);
        if (new FileInfo(path) is { Exists: true, LinkTarget: null } known && known.UnixFileMode == Mode && known.Length == content.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            return;
        await AtomicFile.WriteAsync(path, content, Mode, async beside =>
        {
            var read = await HostProgram.RunAsync("visudo", ["-cqf", beside]).ConfigureAwait(false);
            if (read.Status != 0)
                throw new AuthDaemonException($"sudo does not take the commands of the resource's SSH settings: {read.Said}");
        }).ConfigureAwait(false);
    }

    public static void Remove(string account)
    {
        // A host without sudo has no such directory.
        if (System.IO.Directory.Exists(Directory))
            File.Delete(PathOf(account));
    }

    /// <summary>The names of all accounts that have one. A file of such a name that somebody else wrote is not ours; a link is nobody's.</summary>
    public static IReadOnlyList<string> Accounts() =>
        System.IO.Directory.Exists(Directory) ? [.. System.IO.Directory.EnumerateFiles(Directory, Prefix + "*").Select(file => Path.GetFileName(file)[Prefix.Length..]).Where(IsOurs)] : [];

    public static void Clean() => AtomicFile.Clean(Directory);

    private static bool IsOurs(string account) =>
        new FileInfo(PathOf(account)).LinkTarget is not null || File.ReadAllText(PathOf(account)).StartsWith(Head(account), StringComparison.Ordinal);

    private static string Head(string account) => $"# Written by the auth daemon of Keyhole for the account {account}; changes are lost.\n";

    /// <summary>
    /// A command with its arguments as sudoers reads it literally. What would be a pattern there is refused: whoever writes '*' rarely means what sudo takes it for, and an
    /// argument between '^' and '$' is a regular expression.
    /// </summary>
    private static string Escape(string command)
    {
        string[] words = command.Split(' ');
        if (command.Length > MaximumLength || words.Any(word => word.Length == 0) || !OrderCheck.IsPath(words[0]) || words[0].EndsWith('/'))
            throw new AuthDaemonException("A sudo command of the resource's SSH settings is not an absolute path with single spaces between its arguments: correct it.");
        var escaped = new StringBuilder(words[0]);
        foreach (char letter in command.AsSpan(words[0].Length))
        {
            if (letter is < ' ' or > '~' or '*' or '?' or '[' or ']' or '!' or '"' or '\'' or '#' or '^' or '$' or '\\')
                throw new AuthDaemonException($"The arguments of the sudo command {words[0]} hold a character that sudo would not take literally: correct the resource's SSH settings.");
            if (letter is ',' or ':' or '=')
                escaped.Append('\\');
            escaped.Append(letter);
        }

        return escaped.ToString();
    }
}
