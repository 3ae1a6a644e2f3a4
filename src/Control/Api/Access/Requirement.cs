namespace Keyhole.Control;

/// <summary>Stands in the metadata of every route. A route without one is refused (<see cref="AccessCheck"/>).</summary>
/// <param name="Permission">One of <see cref="Permissions"/>; null for every other kind.</param>
/// <param name="Why">What those are told who do not have it; null for nothing.</param>
internal sealed record Requirement(RequirementKind Kind, string? Permission = null, string? Why = null)
{
    public override string ToString() => Kind switch
    {
        RequirementKind.Anonymous => "nothing",
        RequirementKind.Login => "a login session",
        RequirementKind.ServerAdmin => "the login session of a server admin",
        RequirementKind.Member => "the login session of a user of the organisation",
        _ => $"the permission {Permission} in the organisation",
    };
}
