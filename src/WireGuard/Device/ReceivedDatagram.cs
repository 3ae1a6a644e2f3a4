using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>One datagram of a batch that was received into one buffer.</summary>
/// <param name="Offset">Of its first byte in the buffer.</param>
/// <param name="Source">Where it came from.</param>
public readonly record struct ReceivedDatagram(int Offset, int Length, IpEndpoint Source);
