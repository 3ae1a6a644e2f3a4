using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Endpoints of control messages, and those of packets.</summary>
internal static class SessionEndpoints
{
    public static SessionEndpoint ToSession(this in IpEndpoint endpoint) => new(endpoint.Address.High, endpoint.Address.Low, endpoint.Port);

    public static IpEndpoint ToIpEndpoint(this in SessionEndpoint endpoint) => new(new IpAddress(endpoint.High, endpoint.Low), endpoint.Port);
}
