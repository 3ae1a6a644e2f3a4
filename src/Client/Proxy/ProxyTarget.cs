using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>Where somebody wants to go: a name or an address, and a port.</summary>
/// <param name="Name">Null where <paramref name="Address"/> says it.</param>
internal readonly record struct ProxyTarget(string? Name, IpAddress Address, ushort Port)
{
    /// <summary>A text that is an address is one, whoever calls it a name.</summary>
    public static ProxyTarget From(string host, ushort port) =>
        IpAddress.TryParse(host, out var address) ? new ProxyTarget(null, address, port) : new ProxyTarget(host, default, port);

    public override string ToString() => Name is null ? new IpEndpoint(Address, Port).ToString() : $"{Name}:{Port}";
}
