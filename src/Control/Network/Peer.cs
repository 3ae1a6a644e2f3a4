using System.Net;

namespace Keyhole.Control;

/// <summary>A connector, a machine, a user's device or an external client.</summary>
internal sealed record Peer(int Id, PeerKind Kind, string Name) : INamed
{
    /// <summary>The site of a connector; null for clients.</summary>
    public int? Site { get; init; }

    /// <summary>Base64 of 32 bytes.</summary>
    public string? PublicKey { get; init; }

    public KeySource KeySource { get; init; }

    /// <summary>The preshared key as <see cref="SecretBox"/> sealed it; null where there is none.</summary>
    public string? SealedPresharedKey { get; init; }

    /// <summary>Overlay address of a client; null for connectors.</summary>
    public IPAddress? Ipv4 { get; init; }

    /// <summary>Overlay address of a client; null for connectors.</summary>
    public IPAddress? Ipv6 { get; init; }

    /// <summary>DNS servers that stand in the configuration of an external client.</summary>
    public ValueList<string> Dns { get; init; } = [];

    /// <summary>The configuration of an external client that was shown last, as <see cref="HandedConfig"/> writes it; null while none was.</summary>
    public string? HandedOut { get; init; }

    /// <summary>An external client that has sessions with connectors, which the relay cannot read, instead of one with the gateway.</summary>
    public bool Sealed { get; init; }

    /// <summary>The user whose device it is; null for all others, and for an archived device whose user is gone.</summary>
    public int? Owner { get; init; }

    /// <summary>Null for all but devices.</summary>
    public DeviceState? DeviceState { get; init; }

    /// <summary>False: it leaves every table, and keeps its keys and addresses for later.</summary>
    public bool Enabled { get; init; } = true;

    public DateTimeOffset? Expires { get; init; }

    /// <summary>Set by the transition that saw <see cref="Expires"/> pass: the peer leaves every table.</summary>
    public bool Expired { get; init; }

    /// <summary>A connector that said it takes no new flows.</summary>
    public bool Draining { get; init; }

    /// <summary>Its overlay addresses, IPv4 first; none of a connector.</summary>
    public IEnumerable<IPAddress> Addresses => new[] { Ipv4, Ipv6 }.OfType<IPAddress>();

    public bool IsClient => Kind != PeerKind.Connector;

    /// <summary>A stock WireGuard node: no agent of ours runs there.</summary>
    public bool Stock => Kind == PeerKind.ExternalClient || KeySource == KeySource.Declared;
}
