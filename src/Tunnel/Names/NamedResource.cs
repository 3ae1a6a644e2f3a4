using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>A granted resource that has a name: where the name leads to. The address is the overlay's; the connector finds the destination behind it.</summary>
/// <param name="Alias">In lower case, without the last dot; may hold * and ?.</param>
/// <param name="Ipv4">Null where the overlay has none for it.</param>
/// <param name="Ipv6">Null where the overlay has none for it.</param>
public sealed record NamedResource(ResourceRow Resource, string Alias, IpAddress? Ipv4, IpAddress? Ipv6);
