using System.Globalization;

namespace Keyhole.Packets;

/// <summary>An address and a UDP or TCP port.</summary>
public readonly record struct IpEndpoint(IpAddress Address, ushort Port)
{
    /// <summary>Reads "192.0.2.1:21820" or "[2001:db8::1]:21820".</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpEndpoint endpoint)
    {
        endpoint = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return false;
        var host = text[..colon];
        bool bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        if (bracketed)
            host = host[1..^1];
        if (!IpAddress.TryParse(host, out var address) || bracketed == address.IsIpv4)
            return false;
        endpoint = new IpEndpoint(address, port);
        return true;
    }

    public override string ToString() => Address.IsIpv4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}
