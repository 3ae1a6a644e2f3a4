namespace Keyhole.Control;

/// <summary>As in network files: one resource, and who gets it.</summary>
internal sealed record GrantInput
{
    public required string Resource { get; init; }

    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>By e-mail address.</summary>
    public IReadOnlyList<string>? Users { get; init; }

    public IReadOnlyList<string>? Machines { get; init; }

    public IReadOnlyList<string>? ExternalClients { get; init; }
}
