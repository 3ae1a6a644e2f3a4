namespace Keyhole.Control;

internal sealed record ConnectorInput
{
    public required string Name { get; init; }

    public required string Site { get; init; }

    /// <summary>Set where a stock WireGuard node stands in for our connector.</summary>
    public string? PublicKey { get; init; }

    /// <summary>False: it stands in no table. One that provisioned itself may wait for its approval so.</summary>
    public bool? Approved { get; init; }
}
