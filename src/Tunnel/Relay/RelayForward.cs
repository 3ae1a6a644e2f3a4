using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where a received datagram goes on to, sealed anew in the place where it was received.</summary>
/// <param name="Destination">An address that its agent has confirmed.</param>
/// <param name="Length">Bytes of the datagram, from the start of the room it was received in.</param>
public readonly record struct RelayForward(IpEndpoint Destination, int Length);
