namespace Keyhole.Control;

internal sealed record InvitationInput
{
    public required string Email { get; init; }

    /// <summary>By name; "member" where none is said.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>From 1 hour to 30 days; 72 where it is left out.</summary>
    public int? Hours { get; init; }
}
