using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>A route through an interface.</summary>
/// <param name="Source">The address that packets leave with; null: the system chooses.</param>
public readonly record struct InterfaceRoute(IpPrefix Prefix, IpAddress? Source);
