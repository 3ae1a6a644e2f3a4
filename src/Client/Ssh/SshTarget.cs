using System.Net;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>Whom a person wants to log in to: <c>vm-01</c> or <c>ada@vm-01</c>.</summary>
/// <param name="User">Null where none is asked for: the account is Control's to say.</param>
/// <param name="Host">As it was written: an alias, a resource's name, or an address.</param>
internal readonly record struct SshTarget(string? User, string Host)
{
    private const int MaximumLength = 253;

    /// <exception cref="AgentException">It is neither.</exception>
    public static SshTarget Parse(string text)
    {
        int at = text.LastIndexOf('@');
        string host = text[(at + 1)..];
        return IsHost(host)
            ? new SshTarget(at < 0 ? null : text[..at], host)
            : throw new AgentException($"'{text}' names no host: write an alias such as vm-01 or vm-01.acme.internal, which 'keyhole list' shows.");
    }

    /// <summary>What may stand for a host on a command line without being taken for anything else.</summary>
    public static bool IsHost(string text) =>
        text.Length is > 0 and <= MaximumLength && text[0] != '-'
        && (text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_') || (text.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(text, out _)));
}
