using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Keyhole.Control;

/// <summary>Host names (RFC 1123 section 2.1), aliases, e-mail addresses and the endpoints of relays.</summary>
internal static class HostSyntax
{
    public const string AliasFix = "write a DNS name like db.acme.internal; * and ? may stand in any label but the last";

    private const int MaximumNameLength = 253;
    private const int MaximumLabelLength = 63;
    private const int MaximumMailboxLength = 64;

    /// <summary>Characters that RFC 5322 allows in quoted local parts only.</summary>
    private static readonly SearchValues<char> QuotedOnly = SearchValues.Create("\"\\,;:<>()[]");

    public static bool IsName(string text) => IsName(text, "") && !LooksLikeAddress(text);

    /// <summary>A DNS name in which all labels but the last may hold * and ?.</summary>
    public static bool IsAlias(string text)
    {
        int dot = text.LastIndexOf('.');
        return IsName(text, "*?") && !LooksLikeAddress(text) && text.AsSpan(dot + 1).IndexOfAny('*', '?') < 0;
    }

    public static bool IsEmail(string text)
    {
        int at = text.LastIndexOf('@');
        return at is > 0 and <= MaximumMailboxLength
            && text.AsSpan(0, at).IndexOf('@') < 0
            && text.AsSpan(0, at).IndexOfAnyExceptInRange('!', '~') < 0
            && text.AsSpan(0, at).IndexOfAny(QuotedOnly) < 0
            && text[0] != '.' && text[at - 1] != '.' && !text.AsSpan(0, at).Contains("..", StringComparison.Ordinal)
            && IsName(text[(at + 1)..]);
    }

    /// <summary>"203.0.113.10:21820", "[2001:db8::1]:21820" or "relay.example.com:21820".</summary>
    public static bool TryParseEndpoint(string text, out string problem)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        problem = colon < 0 || (!bracketed && host.Contains(':')) ? "the port is missing"
            : !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > ushort.MaxValue
                ? $"port \"{Findings.Shown(text[(colon + 1)..])}\" is not between 1 and 65535"
            : bracketed ? (IsUsable(host[1..^1], AddressFamily.InterNetworkV6) ? "" : "there is no usable IPv6 address in the brackets")
            : IsUsable(host, AddressFamily.InterNetwork) || IsName(host) ? ""
            : "the host is neither an address nor a name";
        return problem.Length == 0;
    }

    private static bool IsUsable(string text, AddressFamily family) =>
        AddressSyntax.TryParse(text, out var address) && address.AddressFamily == family
        && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !AddressSyntax.IsMulticast(address);

    /// <summary>Digits and dots only would be read as an address, or as a bad one.</summary>
    private static bool LooksLikeAddress(string text) => text.AsSpan(text.LastIndexOf('.') + 1).IndexOfAnyExceptInRange('0', '9') < 0;

    private static bool IsName(string text, string wildcards)
    {
        if (text.Length is 0 or > MaximumNameLength)
            return false;
        foreach (string label in text.Split('.'))
        {
            if (label.Length is 0 or > MaximumLabelLength || label[0] == '-' || label[^1] == '-')
                return false;
            foreach (char letter in label)
            {
                if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_') && !wildcards.Contains(letter))
                    return false;
            }
        }

        return true;
    }
}
