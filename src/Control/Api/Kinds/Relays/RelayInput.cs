namespace Keyhole.Control;

internal sealed record RelayInput
{
    public required string Name { get; init; }

    /// <summary>Where clients and connectors reach it: "203.0.113.10:21820".</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>Where those reach it whose network blocks UDP; the hosts of the endpoints when there are none.</summary>
    public IReadOnlyList<string>? TlsEndpoints { get; init; }

    /// <summary>Whether stock WireGuard apps enter here.</summary>
    public bool? Gateway { get; init; }

    /// <summary>Up to three DNS servers that are asked for names which a stock app was not granted: "192.0.2.53". Without one those queries are refused.</summary>
    public IReadOnlyList<string>? DnsForward { get; init; }
}
