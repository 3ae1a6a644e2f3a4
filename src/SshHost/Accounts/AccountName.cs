using System.Text.RegularExpressions;
using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>Names of accounts and groups that every program of the host reads as one plain word (useradd(8), sudoers(5)).</summary>
internal static partial class AccountName
{
    /// <summary>How many numbers are tried behind a name.</summary>
    private const int MaximumSuffix = 999;

    /// <summary>
    /// Names that a host or its sudoers may give a meaning although no such account or group is there: Ubuntu's sudoers gives everything to the group "admin", and a
    /// new account brings a group of its name with it.
    /// </summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "root", "toor", "admin", "administrator", "wheel", "sudo", "sudoers", "adm", "staff", "operator", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news",
        "uucp", "proxy", "backup", "list", "irc", "nobody", "nogroup", "shadow", "disk", "kmem", "tty", "utmp", "docker", "podman", "lxd", "lxc", "incus", "libvirt", "kvm",
        "sshd", "ssh", "systemd", "messagebus", "polkitd", "users", "guest", "halt", "shutdown", "reboot", "keyhole",
        "netdev", "plugdev", "lpadmin", "sambashare", "wireshark", "ssl-cert", "dialout", "input", "render", "video", "audio", "ops", "devops", "deploy", "ansible", "jenkins",
        "gitlab-runner", "git", "www-data", "nginx", "apache", "postgres", "mysql", "redis", "postfix", "dovecot", "puppet", "nagios", "zabbix", "prometheus",
    };

    /// <summary>A supplementary group may have names that an account may not.</summary>
    public static bool IsValidGroup(string name) => GroupPattern().IsMatch(name);

    public static bool IsReserved(string name) => Reserved.Contains(name);

    /// <summary>The name itself, then with 2, 3 and so on behind it, shortened where that is needed.</summary>
    public static IEnumerable<string> Candidates(string wanted) => Enumerable.Range(1, MaximumSuffix).Select(number => SshAccount.Numbered(wanted, number));

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]{0,31}\z")]
    private static partial Regex GroupPattern();
}
