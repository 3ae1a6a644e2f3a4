using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>What the proxy opens on this machine.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Where SOCKS5 and HTTP CONNECT are spoken; null for nowhere.</summary>
    public IpEndpoint? Listen { get; init; }

    /// <summary>Who may use it; null for whoever reaches the port.</summary>
    public SocksCredentials? Credentials { get; init; }

    public IReadOnlyList<PortForward> Forwards { get; init; } = [];

    /// <summary>Targets that were not granted are reached outside the tunnel instead of being refused.</summary>
    public bool Direct { get; init; }
}
