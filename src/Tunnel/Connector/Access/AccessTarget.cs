using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Where an allowed flow leads.</summary>
/// <param name="Resource">The resource that allows it.</param>
/// <param name="Address">The address at the site; meaningless when <paramref name="IsName"/>.</param>
/// <param name="IsName">The address is to be resolved from <see cref="ResourceRow.Destination"/>.</param>
/// <param name="IsExact">The grant names exactly this address: it is meant even where a wider grant would not reach it.</param>
public readonly record struct AccessTarget(ResourceRow Resource, IpAddress Address, bool IsName, bool IsExact);
