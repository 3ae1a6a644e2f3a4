using System.Net.NetworkInformation;
using System.Net.Sockets;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Edge;

/// <summary>The host's own addresses, and the network and broadcast addresses of its IPv4 networks.</summary>
public static class HostAddresses
{
    /// <summary>What may not be dialled, as the host is now. Asks the system; off the data thread, since it reads files.</summary>
    /// <exception cref="NetworkInformationException">The system does not tell.</exception>
    public static TargetRules Read()
    {
        var own = new List<IpAddress>();
        foreach (var network in NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (var unicast in network.GetIPProperties().UnicastAddresses)
            {
                var address = IpAddress.From(unicast.Address);
                own.Add(address);
                if (unicast.Address.AddressFamily != AddressFamily.InterNetwork || unicast.PrefixLength is < 1 or > 30)
                    continue;
                uint hostMask = uint.MaxValue >> unicast.PrefixLength;
                own.Add(new IpAddress(address.Ipv4 & ~hostMask));
                own.Add(new IpAddress(address.Ipv4 | hostMask));
            }
        }

        return new TargetRules(own);
    }
}
