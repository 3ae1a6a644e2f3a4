namespace Keyhole.Control;

/// <summary>What can be seen of a provisioning key: never the key.</summary>
/// <param name="Site">Null for machines, and for a site that is gone.</param>
internal sealed record ProvisioningKeyView(
    string Name,
    string Id,
    AgentKind Kind,
    string? Site,
    int MaximumUses,
    int Uses,
    bool Approval,
    DateTimeOffset CreatedAt,
    DateTimeOffset? Expires)
{
    public static ProvisioningKeyView Of(NetworkState state, ProvisioningKey key) =>
        new(key.Name, key.Id, key.Kind, ViewIndex.Of(state).NameOf(key.Site), key.MaximumUses, key.Uses, key.Approval, key.CreatedAt, key.Expires);
}
