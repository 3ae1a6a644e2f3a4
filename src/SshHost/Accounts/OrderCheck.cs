using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>What an order may say at all; the programs of the host are asked about nothing else.</summary>
internal static class OrderCheck
{
    private const int MaximumIdentityLength = 320;
    private const int MaximumPathLength = 256;

    /// <exception cref="AuthDaemonException">The message names what is wrong.</exception>
    public static async Task CheckAsync(SshAccountOrder order)
    {
        if (order.User <= 0)
            throw new AuthDaemonException("The order for the account names no user.");
        if (!SshAccount.IsName(order.Name))
            throw new AuthDaemonException("The name of the account is not one that a host can have: a to z, 0 to 9, '_' and '-', at most 32, and no digit or '-' first.");
        if (order.Identity.Length is 0 or > MaximumIdentityLength || order.Identity.Any(char.IsControl))
            throw new AuthDaemonException("The order for the account does not say for whom it is.");
        if (order.Shell is { } shell && (!IsPath(shell) || !File.Exists(shell) || (File.GetUnixFileMode(shell) & UnixFileMode.OtherExecute) == 0))
            throw new AuthDaemonException($"The shell {Shown(shell)} of the resource's SSH settings is no program on this host: install it, or choose another.");
        if (order.Shell is not null && await TrustedPath.FindFaultAsync(order.Shell).ConfigureAwait(false) is { } fault)
            throw new AuthDaemonException($"The shell {order.Shell} of the resource's SSH settings cannot be trusted: {fault}. Correct that on the host, or choose another.");
        if (order.Home is { } home && (!IsPath(home) || home == "/"))
            throw new AuthDaemonException($"The directory {Shown(home)} for home directories is not an absolute path: correct the resource's SSH settings.");
        if (order.PasswordKey is { } key && !PublicKey.TryParse(key, out _))
            throw new AuthDaemonException("The key to which a password would be sealed is not 32 bytes in base64.");
    }

    /// <summary>An absolute path of plain characters, without dots for directories.</summary>
    internal static bool IsPath(string path) =>
        path.Length is > 0 and <= MaximumPathLength && path[0] == '/' && path.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-' or '+')
        && !path.Split('/').Any(part => part is "." or "..");

    /// <summary>For a message.</summary>
    internal static string Shown(string text) => new([.. text.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
