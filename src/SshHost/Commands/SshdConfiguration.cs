using System.Net;
using System.Net.NetworkInformation;
using System.Text;

namespace Keyhole.SshHost;

/// <summary>The lines by which the SSH server of a host trusts Keyhole's certificates (sshd_config(5)), and where they stand.</summary>
internal sealed class SshdConfiguration
{
    private const string MainFile = "/etc/ssh/sshd_config";
    private const string Folder = "/etc/ssh/sshd_config.d";
    private const string OwnFile = Folder + "/keyhole.conf";
    private const string Begin = "# Keyhole: written by 'ssh setup --install'";
    private const string End = "# Keyhole: end";

    /// <summary>Whom no block names, but one that is for everybody.</summary>
    private const string Somebody = "somebody";

    /// <summary>Accounts and addresses that are asked for, each with each.</summary>
    private const int MaximumAsked = 8;

    private readonly List<(string Name, string Value)> _lines;

    /// <param name="principals">The command that prints principals, without its arguments for sshd.</param>
    public SshdConfiguration(SshDirectory directory, SshServer server, string principals)
    {
        _lines =
        [
            ("TrustedUserCAKeys", directory.TrustedFile),
            ("AuthorizedPrincipalsCommand", $"{principals} --username %u --ca %F"),
            ("AuthorizedPrincipalsCommandUser", "root"),
            ("RevokedKeys", directory.RevokedFile),
            .. server.Keys.Select(key => ("HostCertificate", directory.CertificateFile(key))),
        ];
    }

    public string Text => string.Concat(_lines.Select(line => $"{line.Name} {line.Value}\n"));

    /// <summary>Writes the lines, has sshd check the whole and say that they are in force; else takes them back.</summary>
    /// <param name="accounts">Those of the host that were made for people.</param>
    /// <returns>The file that holds them.</returns>
    /// <exception cref="AuthDaemonException">They cannot stand there; the configuration is as it was.</exception>
    public async Task<string> InstallAsync(IEnumerable<string> accounts)
    {
        await RefuseOthersAsync().ConfigureAwait(false);
        string main = await File.ReadAllTextAsync(MainFile).ConfigureAwait(false);
        string file = IncludesFolder(main) ? OwnFile : MainFile;
        byte[]? before = File.Exists(file) ? await File.ReadAllBytesAsync(file).ConfigureAwait(false) : null;
        var mode = before is null ? AtomicFile.Public : File.GetUnixFileMode(file);
        // In front: what comes first counts, and what comes behind a Match block belongs to it.
        string text = $"{Begin}\n{Text}{End}\n" + (file == OwnFile ? "" : "\n" + Without(main));
        await AtomicFile.WriteAsync(file, Encoding.UTF8.GetBytes(text), mode).ConfigureAwait(false);
        if (await FindFaultAsync([Somebody, .. accounts.Take(MaximumAsked)]).ConfigureAwait(false) is not { } fault)
            return file;
        if (before is null)
            File.Delete(file);
        else
            await AtomicFile.WriteAsync(file, before, mode).ConfigureAwait(false);
        throw new AuthDaemonException($"The SSH server does not take the lines, so {file} is as it was: {fault}");
    }

    /// <summary>True when the folder is included before any Match block.</summary>
    internal static bool IncludesFolder(string main) =>
        Directory.Exists(Folder)
        && main.Split('\n').Select(line => line.Trim().Split([' ', '\t', '='], StringSplitOptions.RemoveEmptyEntries))
            .TakeWhile(words => words.Length == 0 || !words[0].Equals("Match", StringComparison.OrdinalIgnoreCase))
            .Any(words => words.Length > 1 && words[0].Equals("Include", StringComparison.OrdinalIgnoreCase) && words.Skip(1).Any(word => word.Trim('"') is Folder + "/*.conf" or "sshd_config.d/*.conf"));

    /// <summary>The configuration without the lines of an earlier installation.</summary>
    internal static string Without(string main)
    {
        int begin = main.IndexOf(Begin, StringComparison.Ordinal);
        int end = begin < 0 ? -1 : main.IndexOf(End, begin, StringComparison.Ordinal);
        return end < 0 ? main : main[..begin] + main[(end + End.Length)..].TrimStart('\n');
    }

    /// <summary>Another authority would stop to be trusted: that is the operator's to decide.</summary>
    private async Task RefuseOthersAsync()
    {
        foreach (var (name, value) in await SshServer.ReadSettingsAsync().ConfigureAwait(false) ?? [])
        {
            var own = _lines.FirstOrDefault(line => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            bool isOther = name switch
            {
                "trustedusercakeys" or "revokedkeys" => value != "none" && value != own.Value,
                "authorizedprincipalscommand" => value != "none" && !value.Contains(" auth-daemon principals ", StringComparison.Ordinal),
                _ => false,
            };
            if (isOther)
                throw new AuthDaemonException($"The SSH server of this host has '{own.Name} {value}' already, which these lines would replace: remove it first, or write them by hand.");
        }
    }

    /// <summary>Null when sshd accepts its configuration, and the lines are in force in it for these accounts.</summary>
    private async Task<string?> FindFaultAsync(IReadOnlyList<string> accounts)
    {
        var test = await HostProgram.RunAsync("sshd", ["-t"]).ConfigureAwait(false);
        if (test.Status != 0)
            return test.Said;
        if (FindMissing(await SshServer.ReadSettingsAsync().ConfigureAwait(false)) is { } missing)
            return $"another line is in force instead of {missing}";
        foreach (var login in from account in accounts from address in Addresses() select new SshdLogin(account, address))
        {
            if (FindMissing(await SshServer.ReadSettingsAsync(login).ConfigureAwait(false)) is { } overridden)
                return $"for {(login.Account == Somebody ? "every account" : $"the account {login.Account}")} that is logged in to from {login.Address}, a Match block puts another line in force instead of {overridden}";
        }

        return null;
    }

    /// <summary>The first of the lines that is not in force, and what is; null where all are, or sshd does not say.</summary>
    private string? FindMissing(List<(string Name, string Value)>? settings)
    {
        if (settings is null || _lines.FirstOrDefault(line => !settings.Contains((line.Name.ToLowerInvariant(), line.Value))) is not { Name: not null } missing)
            return null;
        string? other = settings.FirstOrDefault(setting => setting.Name.Equals(missing.Name, StringComparison.OrdinalIgnoreCase)).Value;
        return $"'{missing.Name} {missing.Value}': {(other is null ? "none" : $"'{missing.Name} {other}'")}";
    }

    /// <summary>From where people's logins come: from a connector on this host, or one in a network of it.</summary>
    private static IEnumerable<IPAddress> Addresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => new IPAddress(unicast.Address.GetAddressBytes()))
        .OrderByDescending(IPAddress.IsLoopback).ThenBy(address => address.AddressFamily).Take(MaximumAsked);
}
