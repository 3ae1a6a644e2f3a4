namespace Keyhole.Control;

internal sealed record ExternalClientInput
{
    /// <summary>Left out, a free one is chosen: "client-1".</summary>
    public string? Name { get; init; }

    /// <summary>The device's own; left out, a key is made for it and shown once.</summary>
    public string? PublicKey { get; init; }

    /// <summary>One IPv4 and one IPv6 address of the overlay; chosen where they are left out.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>Addresses of DNS servers.</summary>
    public IReadOnlyList<string>? Dns { get; init; }

    /// <summary>A day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z.</summary>
    public string? Expires { get; init; }

    /// <summary>It has sessions with connectors, which the relay cannot read, in place of one with the gateway.</summary>
    public bool? Sealed { get; init; }

    /// <summary>False: it reaches nothing, and keeps its configuration for later.</summary>
    public bool? Enabled { get; init; }
}
