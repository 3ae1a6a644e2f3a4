using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>What an order may say at all; the programs of the host are asked about nothing else.</summary>
internal static class OrderCheck
{
    private const int MaximumItems = 64;
    private const int MaximumIdentityLength = 320;
    private const int MaximumPathLength = 256;

    /// <exception cref="AuthDaemonException">The message names what is wrong.</exception>
    public static void Check(SshAccountOrder order)
    {
        if (order.Groups.Any(group => group is null) || order.Sudo.Commands.Any(command => command is null))
            throw new AuthDaemonException("The order for the account holds a group or a command that is none.");
        if (order.User <= 0)
            throw new AuthDaemonException("The order for the account names no user.");
        if (!SshAccount.IsName(order.Name))
            throw new AuthDaemonException("The name of the account is not one that a host can have: a to z, 0 to 9, '_' and '-', at most 32, and no digit or '-' first.");
        if (order.Identity.Length is 0 or > MaximumIdentityLength || order.Identity.Any(char.IsControl))
            throw new AuthDaemonException("The order for the account does not say for whom it is.");
        if (order.Shell is { } shell && (!IsPath(shell) || !File.Exists(shell) || (File.GetUnixFileMode(shell) & UnixFileMode.OtherExecute) == 0))
            throw new AuthDaemonException($"The shell {Shown(shell)} of the resource's SSH settings is no program on this host: install it, or choose another.");
        if (order.Home is { } home && (!IsPath(home) || home == "/"))
            throw new AuthDaemonException($"The directory {Shown(home)} for home directories is not an absolute path: correct the resource's SSH settings.");
        if (order.Groups.Count > MaximumItems)
            throw new AuthDaemonException($"An account is put into {MaximumItems} groups at most: correct the resource's SSH settings.");
        if (order.Groups.FirstOrDefault(group => !AccountName.IsValidGroup(group)) is { } wrong)
            throw new AuthDaemonException($"'{Shown(wrong)}' is not the name of a group: correct the resource's SSH settings.");
        if (order.PasswordKey is { } key && !PublicKey.TryParse(key, out _))
            throw new AuthDaemonException("The key to which a password would be sealed is not 32 bytes in base64.");
    }

    /// <summary>An absolute path of plain characters, without dots for directories.</summary>
    internal static bool IsPath(string path) =>
        path.Length is > 0 and <= MaximumPathLength && path[0] == '/' && path.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-' or '+')
        && !path.Split('/').Any(part => part is "." or "..");

    private static string Shown(string text) => new([.. text.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
