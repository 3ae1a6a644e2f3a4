using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where a received datagram goes on to, sealed anew in the place where it was received.</summary>
/// <param name="Destination">An address that its agent has confirmed.</param>
/// <param name="Length">Bytes of the datagram.</param>
public readonly record struct RelayForward(IpEndpoint Destination, int Length)
{
    /// <summary>Of its first byte in the run that it was received in; 0 for a datagram that came alone.</summary>
    public int Offset { get; init; }
}
