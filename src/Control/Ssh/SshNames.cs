using System.Globalization;
using System.Text.RegularExpressions;

namespace Keyhole.Control;

/// <summary>Names of accounts and hosts, and the principals that certificates name.</summary>
internal static partial class SshNames
{
    /// <summary>Of the names by which clients know hosts.</summary>
    private const string AliasPrefix = "keyhole-";

    /// <summary>Where nothing of an address can stand in an account name.</summary>
    private const string Fallback = "user";

    /// <summary>Names that systems give to themselves; an account of ours that is called so would be taken for theirs.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data", "backup", "list", "irc", "gnats", "nobody", "nogroup", "sshd",
        "adm", "admin", "wheel", "sudo", "operator", "ftp", "http", "https", "ssh", "shadow", "disk", "docker", "halt", "shutdown", "messagebus", "polkitd", "dbus", "ntp", "postfix", "systemd",
    };

    /// <summary>
    /// What stands before the @, in letters that every system takes: lower case, others left out or made underscores, at most 32
    /// characters. Never empty, never the name of a system account, and never one that begins like an option.
    /// </summary>
    public static string WantedAccount(string email)
    {
        int at = email.IndexOf('@', StringComparison.Ordinal);
        string local = (at < 0 ? email : email[..at]).ToLowerInvariant();
        string mapped = new([.. local.Select(letter => letter is '.' or '+' ? '_' : letter).Where(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '_' or '-')]);
        string trimmed = mapped.TrimStart('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        string name = trimmed.Any(char.IsAsciiLetterLower) ? trimmed : Fallback;
        name = name.Length <= SshAccount.MaximumNameLength ? name : name[..SshAccount.MaximumNameLength];
        return IsReserved(name) ? SshAccount.Numbered($"{Fallback}_{name}", 1) : name;
    }

    /// <summary>The first of NAME, NAME2, NAME3, … that nobody has.</summary>
    public static string Free(string wanted, Func<string, bool> isTaken)
    {
        for (int number = 1; ; number++)
        {
            string name = SshAccount.Numbered(wanted, number);
            if (!isTaken(name) && !IsReserved(name))
                return name;
        }
    }

    /// <summary>"keyhole:AUTHORITY:RESOURCE:HOST-TOKEN:ACCOUNT", with 32 hexadecimal digits for authority and token.</summary>
    public static bool IsPrincipal(string principal, string authority, int resource, string account) =>
        principal.Split(':') is ["keyhole", var named, var id, var token, var name]
        && named == authority && id == resource.ToString(CultureInfo.InvariantCulture) && HostToken().IsMatch(token) && name == account;

    /// <summary>The host of a principal.</summary>
    public static string HostTokenOf(string principal) => principal.Split(':')[3];

    /// <summary>Whether a name is the wanted one, or that with a number behind it.</summary>
    public static bool IsNumbered(string name, string wanted)
    {
        if (name == wanted)
            return true;
        // The wanted name may end in digits itself: each place may be where the number begins.
        for (int start = name.Length - 1; start > 0 && char.IsAsciiDigit(name[start]); start--)
        {
            if (int.TryParse(name.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 1 && SshAccount.Numbered(wanted, number) == name)
                return true;
        }

        return false;
    }

    /// <summary>The names that a host's certificate holds: the one that clients check first, then how people call it. Nobody calls a host by the first name of another.</summary>
    /// <param name="isShared">Whether another resource is called so too: who would be meant?</param>
    public static IReadOnlyList<string> OfHost(string authority, SshHost host, Resource resource, Func<Resource, string, bool> isShared) =>
    [
        HostKeyAlias(authority, host),
        .. NamesOf(resource).Distinct().Where(name => !name.StartsWith(AliasPrefix, StringComparison.OrdinalIgnoreCase) && !isShared(resource, name)),
    ];

    /// <summary>What people may call a resource: its name, its alias, and what it leads to.</summary>
    public static IEnumerable<string> NamesOf(Resource resource) => new[] { resource.Name, resource.Alias, resource.Destination.Text }.OfType<string>();

    /// <summary>The name by which clients know the host, whatever it is called. One that was forgotten had another.</summary>
    public static string HostKeyAlias(string authority, SshHost host) => string.Create(CultureInfo.InvariantCulture, $"{AliasPrefix}{authority.AsSpan(0, 8)}-{host.Resource}-{host.Generation}");

    private static bool IsReserved(string name) => Reserved.Contains(name) || name.StartsWith("systemd-", StringComparison.Ordinal) || name.StartsWith('_');

    [GeneratedRegex(@"\A[0-9a-f]{32}\z")]
    private static partial Regex HostToken();
}
