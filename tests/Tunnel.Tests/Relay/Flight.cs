using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A datagram on its way.</summary>
internal sealed record Flight(IpEndpoint Source, IpEndpoint Destination, byte[] Bytes);
