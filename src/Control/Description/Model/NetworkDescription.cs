namespace Keyhole.Control;

/// <summary>What a network file says, after every check that needs the file alone.</summary>
internal sealed record NetworkDescription
{
    public required string Organisation { get; init; }

    public ValueList<RelayDescription> Relays { get; init; } = [];

    public ValueList<string> Sites { get; init; } = [];

    public ValueList<ConnectorDescription> Connectors { get; init; } = [];

    public ValueList<ResourceDescription> Resources { get; init; } = [];

    /// <summary>Without the fixed ones.</summary>
    public ValueList<RoleDescription> Roles { get; init; } = [];

    public ValueList<UserDescription> Users { get; init; } = [];

    public ValueList<MachineDescription> Machines { get; init; } = [];

    public ValueList<ExternalClientDescription> ExternalClients { get; init; } = [];

    public ValueList<GrantDescription> Grants { get; init; } = [];
}
