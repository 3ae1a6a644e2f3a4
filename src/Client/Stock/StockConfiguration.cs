using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>
/// A stock WireGuard configuration with one peer, as <c>wg-quick</c> reads it and Control prints it.
/// Holds the private key: dispose it.
/// </summary>
internal sealed class StockConfiguration : IDisposable
{
    public required PrivateKey PrivateKey { get; init; }

    /// <summary>The inner source addresses, at most one of each family.</summary>
    public required IReadOnlyList<IpAddress> Addresses { get; init; }

    /// <summary>The largest inner packet, in bytes.</summary>
    public required int Mtu { get; init; }

    public required PublicKey PeerKey { get; init; }

    public PresharedKey? PresharedKey { get; init; }

    public required IReadOnlyList<IpPrefix> AllowedIps { get; init; }

    /// <summary>"host:port", not resolved.</summary>
    public required string Endpoint { get; init; }

    /// <summary>In seconds; 0 is off.</summary>
    public required int PersistentKeepalive { get; init; }

    public void Dispose()
    {
        PrivateKey.Dispose();
        PresharedKey?.Dispose();
    }
}
