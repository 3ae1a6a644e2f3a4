using System.Net;
using System.Net.Sockets;

namespace Keyhole.Control;

/// <summary>Addresses and prefixes in the one form that leaves no doubt: dotted quads, IPv6 without zone, no mapped forms.</summary>
internal static class AddressSyntax
{
    private static readonly IPNetwork LinkLocalIpv4 = IPNetwork.Parse("169.254.0.0/16");
    private static readonly IPNetwork MulticastIpv4 = IPNetwork.Parse("224.0.0.0/4");
    private static readonly IPNetwork LoopbackIpv4 = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork LinkLocalIpv6 = IPNetwork.Parse("fe80::/10");
    private static readonly IPNetwork MulticastIpv6 = IPNetwork.Parse("ff00::/8");
    private static readonly IPNetwork LoopbackIpv6 = IPNetwork.Parse("::1/128");

    public static bool TryParse(string text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!)
        && (text.Contains(':') || text.Count(letter => letter == '.') == 3)
        && !text.Contains('%') && !text.Contains('[') && !address.IsIPv4MappedToIPv6;

    /// <summary>A DNS server: "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353". Without a port it is 53.</summary>
    public static bool TryParseServer(string text, out IPEndPoint server)
    {
        const int DnsPort = 53;
        server = new IPEndPoint(IPAddress.Any, DnsPort);
        bool hasPort = text.StartsWith('[') || text.Count(letter => letter == ':') == 1;
        int colon = hasPort ? text.LastIndexOf(':') : text.Length;
        string host = text[..Math.Max(colon, 0)];
        if (host is ['[', .., ']'])
            host = host[1..^1];
        int port = DnsPort;
        if (!TryParse(host, out var address) || IsMulticast(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
            || (hasPort && (!int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out port) || port is < 1 or > ushort.MaxValue)))
            return false;
        server = new IPEndPoint(address, port);
        return true;
    }

    public static bool IsMulticast(IPAddress address) => MulticastIpv4.Contains(address) || MulticastIpv6.Contains(address);

    /// <summary>Reads a destination: an address, a CIDR prefix without host bits, or a DNS name.</summary>
    /// <param name="organisation">The organisation's own IPv6 prefix where it is known.</param>
    public static bool TryParseDestination(string text, IPNetwork? organisation, out Destination destination, out string problem, out string fix)
    {
        destination = default;
        problem = "";
        fix = "write an address like 192.168.1.20, a CIDR prefix like 192.168.1.0/24, or a name that the connector resolves";
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 && !TryParse(text, out _))
        {
            destination = new Destination(text.ToLowerInvariant());
            problem = HostSyntax.IsName(text) ? "" : "this is neither an address nor a CIDR prefix nor a DNS name";
            return problem.Length == 0;
        }

        if (!TryParse(slash < 0 ? text : text[..slash], out var address))
        {
            problem = "this is no CIDR prefix";
            return false;
        }

        int bits = Overlay.BitLength(address);
        int length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > bits))
        {
            problem = $"the prefix length is not between 0 and {bits}";
            return false;
        }

        var prefix = ClearHostBits(address, length);
        if (!prefix.BaseAddress.Equals(address))
        {
            problem = $"bits are set behind the /{length}";
            fix = $"write {prefix} for the network or {address} for the one host";
            return false;
        }

        destination = new Destination(length == bits ? address.ToString() : prefix.ToString());
        return IsAllowed(prefix, length == bits, organisation, out problem, ref fix);
    }

    private static bool IsAllowed(IPNetwork prefix, bool host, IPNetwork? organisation, out string problem, ref string fix)
    {
        problem = "";
        if (Overlay.Overlaps(prefix, Overlay.Ipv4) || (organisation is { } own && Overlay.Overlaps(prefix, own)))
        {
            problem = $"this reaches into the overlay's own addresses ({(prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? Overlay.Ipv4 : organisation)})";
            fix = "name addresses of the site only; a wider range can be written as several prefixes around it";
        }
        else if (prefix.BaseAddress.Equals(IPAddress.Any) || prefix.BaseAddress.Equals(IPAddress.IPv6Any) || prefix.BaseAddress.Equals(IPAddress.Broadcast))
        {
            problem = "this is no address of a host";
        }
        else if (Overlay.Overlaps(prefix, MulticastIpv4) || Overlay.Overlaps(prefix, MulticastIpv6))
        {
            problem = "multicast is not carried";
        }
        else if (!host && new[] { LoopbackIpv4, LinkLocalIpv4, LoopbackIpv6, LinkLocalIpv6 }.Any(special => Overlay.Overlaps(prefix, special)))
        {
            problem = "this holds loopback or link-local addresses";
            fix = "grant the connector's own host and link-local targets one exact address at a time";
        }

        return problem.Length == 0;
    }

    private static IPNetwork ClearHostBits(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
