using System.Globalization;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>One <c>-L</c>: connections to <see cref="Listen"/> continue to <see cref="Target"/> inside the tunnel.</summary>
internal readonly record struct PortForward(IpEndpoint Listen, IpEndpoint Target)
{
    /// <summary>
    /// Reads "[bind:]port:address:port" as OpenSSH's -L, IPv6 addresses in brackets. Without bind: 127.0.0.1. The target is
    /// an address, since names belong to the site.
    /// </summary>
    /// <returns>Null when it was read; otherwise what is wrong and how to write it.</returns>
    public static string? Parse(string text, out PortForward forward)
    {
        forward = default;
        var parts = Split(text);
        if (parts is null || parts.Count is not (3 or 4))
            return $"'{text}' is not a port forward: write [bind:]port:address:port, for example 8080:100.64.0.9:80, and IPv6 addresses in brackets.";
        int at = parts.Count - 3;
        string bind = at == 1 ? parts[0] : "127.0.0.1";
        if (!IpAddress.TryParse(bind, out var bindAddress))
            return $"'{bind}' in '{text}' is not an address to listen on: write 127.0.0.1 or [::1].";
        if (!IpAddress.TryParse(parts[at + 1], out var target))
            return $"'{parts[at + 1]}' in '{text}' is not an IP address: use the overlay address that the configuration's comments name.";
        if (!TryPort(parts[at], out ushort listenPort))
            return $"'{parts[at]}' in '{text}' is not a port: 1 to 65535.";
        if (!TryPort(parts[at + 2], out ushort targetPort))
            return $"'{parts[at + 2]}' in '{text}' is not a port: 1 to 65535.";
        forward = new PortForward(new IpEndpoint(bindAddress, listenPort), new IpEndpoint(target, targetPort));
        return null;
    }

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
