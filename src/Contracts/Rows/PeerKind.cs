namespace Keyhole.Contracts;

public enum PeerKind
{
    /// <summary>Our connector.</summary>
    Connector,

    /// <summary>Our client on a machine.</summary>
    Machine,

    /// <summary>Our client on a user's device.</summary>
    Device,

    /// <summary>A stock WireGuard app whose only peer is the relay (gateway mode).</summary>
    ExternalClient,
}
