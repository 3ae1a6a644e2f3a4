namespace Keyhole.Control;

internal sealed record ApiKeyInput
{
    public required string Name { get; init; }

    /// <summary>Permissions; none that the caller does not hold.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>A day like 2027-01-31 (until its end, UTC) or an instant like 2027-01-31T12:00:00Z; left out, it stays.</summary>
    public string? Expires { get; init; }
}
