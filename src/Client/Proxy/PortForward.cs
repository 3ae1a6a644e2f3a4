using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>One <c>-L</c>: what comes to <see cref="Listen"/> continues to <see cref="Target"/> inside the tunnel.</summary>
/// <param name="IsUdp">Datagrams; otherwise TCP connections.</param>
internal readonly record struct PortForward(IpEndpoint Listen, ProxyTarget Target, bool IsUdp = false)
{
    private const string UdpPrefix = "udp:";

    /// <summary>
    /// Reads "[udp:][bind:]port:host:port" as OpenSSH's -L, IPv6 addresses in brackets. Without bind: 127.0.0.1. The host is an address or an alias.
    /// </summary>
    /// <returns>Null when it was read; otherwise what is wrong and how to write it.</returns>
    public static string? Parse(string text, out PortForward forward)
    {
        forward = default;
        bool isUdp = text.StartsWith(UdpPrefix, StringComparison.Ordinal);
        var parts = Split(isUdp ? text[UdpPrefix.Length..] : text);
        if (parts is null || parts.Count is not (3 or 4))
            return $"'{text}' is not a port forward: write [udp:][bind:]port:host:port, for example 8080:web.acme.internal:80, and IPv6 addresses in brackets.";
        int at = parts.Count - 3;
        string bind = at == 1 ? parts[0] : "127.0.0.1";
        if (!IpAddress.TryParse(bind, out var bindAddress))
            return $"'{bind}' in '{text}' is not an address to listen on: write 127.0.0.1 or [::1].";
        if (!IsHost(parts[at + 1]))
            return $"'{parts[at + 1]}' in '{text}' is not a host: write an alias, or the address of a target.";
        if (!TryPort(parts[at], out ushort listenPort))
            return $"'{parts[at]}' in '{text}' is not a port: 1 to 65535.";
        if (!TryPort(parts[at + 2], out ushort targetPort))
            return $"'{parts[at + 2]}' in '{text}' is not a port: 1 to 65535.";
        forward = new PortForward(new IpEndpoint(bindAddress, listenPort), ProxyTarget.From(parts[at + 1], targetPort), isUdp);
        return null;
    }

    public override string ToString() => $"{(IsUdp ? UdpPrefix : "")}{Listen}:{Target}";

    private static bool IsHost(string text) =>
        text.Length is > 0 and <= 253 && (IpAddress.TryParse(text, out _) || text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'));

    /// <summary>Parts between colons outside brackets, brackets taken off; null when the brackets do not match.</summary>
    private static List<string>? Split(string text)
    {
        var parts = new List<string>();
        int start = 0;
        while (true)
        {
            int end;
            if (start < text.Length && text[start] == '[')
            {
                int bracket = text.IndexOf(']', start);
                if (bracket < 0 || (bracket + 1 < text.Length && text[bracket + 1] != ':'))
                    return null;
                parts.Add(text[(start + 1)..bracket]);
                end = bracket + 1;
            }
            else
            {
                end = text.IndexOf(':', start);
                end = end < 0 ? text.Length : end;
                parts.Add(text[start..end]);
            }

            if (end >= text.Length)
                return parts;
            start = end + 1;
        }
    }

    private static bool TryPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
