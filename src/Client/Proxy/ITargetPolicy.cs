using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// What the proxy's users may reach, and from which of the client's own addresses. It spares them a useless question: what is enforced is decided at
/// the connector. Unchangeable; a look-up allocates nothing.
/// </summary>
internal interface ITargetPolicy
{
    /// <param name="protocol"><see cref="IpProtocol.Tcp"/> or <see cref="IpProtocol.Udp"/>.</param>
    /// <param name="source">The client's address to send from, when granted.</param>
    TargetVerdict Find(IpAddress address, byte protocol, ushort port, out IpAddress source);

    /// <param name="name">In either case, with or without the last dot.</param>
    /// <param name="address">What stands for the name inside the tunnel, when granted.</param>
    TargetVerdict Find(ReadOnlySpan<char> name, byte protocol, ushort port, out IpAddress source, out IpAddress address);

    /// <summary>Whether an address is reached through the tunnel or not at all: what was granted, with all its ports, and whatever exists inside only.</summary>
    bool BelongsInside(IpAddress address);
}
