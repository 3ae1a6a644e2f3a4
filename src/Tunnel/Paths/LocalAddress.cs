using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>An address of this machine's.</summary>
/// <param name="PrefixLength">Of the network that it is on.</param>
public readonly record struct LocalAddress(IpAddress Address, int PrefixLength);
