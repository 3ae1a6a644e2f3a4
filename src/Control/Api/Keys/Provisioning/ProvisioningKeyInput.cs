namespace Keyhole.Control;

internal sealed record ProvisioningKeyInput
{
    public required string Name { get; init; }

    /// <summary>"connector" or "machine".</summary>
    public required string Kind { get; init; }

    /// <summary>Of the connectors; none for machines.</summary>
    public string? Site { get; init; }

    /// <summary>1 where it is left out.</summary>
    public int? MaximumUses { get; init; }

    /// <summary>Whether what it makes waits for somebody to approve it; false where it is left out.</summary>
    public bool? Approval { get; init; }

    /// <summary>A day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z; left out, it stays.</summary>
    public string? Expires { get; init; }
}
