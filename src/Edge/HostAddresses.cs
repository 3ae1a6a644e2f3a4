using System.Net.Sockets;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using NetworkInterface = System.Net.NetworkInformation.NetworkInterface;

namespace Keyhole.Edge;

/// <summary>The host's own addresses, and the network and broadcast addresses of its IPv4 networks.</summary>
public static class HostAddresses
{
    /// <summary>What may not be dialled, as the host is now. Asks the system; off the data thread, since it reads files.</summary>
    /// <exception cref="NetworkException">The system does not tell.</exception>
    public static TargetRules Read() => HostInterfaces.Read(RulesOf);

    private static TargetRules RulesOf(NetworkInterface[] interfaces)
    {
        var own = new List<IpAddress>();
        foreach (var unicast in interfaces.SelectMany(network => network.GetIPProperties().UnicastAddresses))
        {
            var address = IpAddress.From(unicast.Address);
            own.Add(address);
            if (unicast.Address.AddressFamily != AddressFamily.InterNetwork || unicast.PrefixLength is < 1 or > 30)
                continue;
            uint hostMask = uint.MaxValue >> unicast.PrefixLength;
            own.Add(new IpAddress(address.Ipv4 & ~hostMask));
            own.Add(new IpAddress(address.Ipv4 | hostMask));
        }

        return new TargetRules(own);
    }
}
