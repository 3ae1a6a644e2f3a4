using System.Net;
using System.Net.Sockets;

namespace Keyhole.Control;

/// <summary>Reads the "address" of an external client: one IPv4 address, one IPv6 address, or a list of both.</summary>
internal sealed class ClientAddressReader(Findings findings, NetworkState state, Claims claims)
{
    public const string PrefixNotChosen = "the organisation's IPv6 prefix is chosen when the network is applied for the first time";

    private const string Fix = "write an address like 100.64.1.7, or leave the key out and one is chosen";

    public (IPAddress? Ipv4, IPAddress? Ipv6) Read(Section section, string? name)
    {
        IPAddress? ipv4 = null, ipv6 = null;
        string path = section.PathOf("address");
        IReadOnlyList<Node> nodes = section.Find("address") switch { null => [], SequenceNode list => list.Items, var single => [single] };
        if (section.Find("address") is SequenceNode { Items.Count: 0 } empty)
            findings.Add(empty, path, "the list is empty", Fix);
        foreach (var node in nodes)
        {
            if (section.AsScalar(node, path, Fix) is not { } text || Parse(text, path) is not { } address)
                continue;
            ref var slot = ref address.AddressFamily == AddressFamily.InterNetwork ? ref ipv4 : ref ipv6;
            if (slot is not null)
                findings.Add(text, path, "a client has one IPv4 and one IPv6 address", "keep one of each");
            else if (name is not null)
                claims.Address(text, path, address, name);
            slot = address;
        }

        return (ipv4, ipv6);
    }

    private IPAddress? Parse(ScalarNode text, string path)
    {
        if (!AddressSyntax.TryParse(text.Value, out var address))
        {
            findings.Add(text, path, "this is no address", Fix);
            return null;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            if (Overlay.ClientOffset(address) >= 0)
                return address;
            findings.Add(text, path, "this is outside of the clients' range or in its reserved part", $"use {Overlay.ClientIpv4(Overlay.FirstOffset)} to {Overlay.ClientIpv4(Overlay.ClientEnd - 1)}, or leave the key out");
            return null;
        }

        if (state.Organisation is null)
        {
            findings.Add(text, path, PrefixNotChosen, "leave the IPv6 address out");
            return null;
        }

        if (Overlay.ClientOffset(state.OverlayIpv6, address) >= 0)
            return address;
        findings.Add(text, path, "this is outside of the clients' range or in its reserved part", $"use {Overlay.ClientIpv6(state.OverlayIpv6, Overlay.FirstOffset)} to {Overlay.ClientIpv6(state.OverlayIpv6, Overlay.ClientEnd - 1)}, or leave the key out");
        return null;
    }
}
