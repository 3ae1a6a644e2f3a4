namespace Keyhole.Control;

/// <summary>How routes declare what they ask of their caller.</summary>
internal static class RouteRequirements
{
    public static TBuilder Anonymous<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new Requirement(RequirementKind.Anonymous));

    public static TBuilder RequiresLogin<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new Requirement(RequirementKind.Login));

    public static TBuilder RequiresServerAdmin<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new Requirement(RequirementKind.ServerAdmin));

    /// <param name="why">"SSH needs a person": told to those who are none.</param>
    public static TBuilder RequiresMember<TBuilder>(this TBuilder route, string? why = null) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new Requirement(RequirementKind.Member, Why: why));

    /// <param name="permission">One of <see cref="Permissions"/>.</param>
    public static TBuilder Requires<TBuilder>(this TBuilder route, string permission) where TBuilder : IEndpointConventionBuilder =>
        Permissions.IsKnown(permission)
            ? route.WithMetadata(new Requirement(RequirementKind.Permission, permission))
            : throw new ArgumentException($"No permission is named {permission}.", nameof(permission));
}
