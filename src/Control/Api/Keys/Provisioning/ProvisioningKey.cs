namespace Keyhole.Control;

/// <summary>What is stored of a key by which connectors or machines make themselves known.</summary>
/// <param name="Kind"><see cref="AgentKind.Connector"/> or <see cref="AgentKind.Machine"/>.</param>
/// <param name="Site">Of the connectors; null for machines.</param>
/// <param name="Approval">Whether what it makes waits for somebody to approve it.</param>
/// <param name="Maker">The user who made it, whose rights it needs at every use; null: the operator on the box.</param>
internal sealed record ProvisioningKey(
    string Id,
    int Organisation,
    string Name,
    string Hash,
    AgentKind Kind,
    int? Site,
    int MaximumUses,
    int Uses,
    bool Approval,
    int? Maker,
    DateTimeOffset CreatedAt,
    DateTimeOffset? Expires);
