using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

internal sealed record Datagram(IpEndpoint Source, IpEndpoint Destination, byte[] Bytes, Peer? Peer);
