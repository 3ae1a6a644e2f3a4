namespace Keyhole.Control;

internal sealed record UserInput
{
    public required string Email { get; init; }

    /// <summary>By name.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>As people write it.</summary>
    public string? DisplayName { get; init; }

    /// <summary>May not act here, and none of its devices reaches anything.</summary>
    public bool? Disabled { get; init; }
}
