using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A datagram on its way.</summary>
/// <param name="IsWhole">It may not be cut in fragments.</param>
/// <param name="IsFragmented">It was.</param>
internal sealed record Flight(IpEndpoint Source, IpEndpoint Destination, byte[] Bytes, bool IsWhole = false, bool IsFragmented = false);
