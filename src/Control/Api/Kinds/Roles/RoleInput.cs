namespace Keyhole.Control;

internal sealed record RoleInput
{
    public required string Name { get; init; }

    /// <summary>Like "devices:read"; none for a role that is only for grants.</summary>
    public IReadOnlyList<string>? Permissions { get; init; }
}
