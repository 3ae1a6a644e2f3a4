using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One agent at one address. Unchangeable, so that a reader sees all of it or another one.</summary>
internal sealed class AddressBinding(IpEndpoint address, int slot)
{
    public readonly IpEndpoint Address = address;
    public readonly int Slot = slot;
}
