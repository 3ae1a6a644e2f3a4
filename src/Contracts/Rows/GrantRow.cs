namespace Keyhole.Contracts;

/// <summary>All that one client may reach. No row: nothing.</summary>
/// <param name="Client">The <see cref="PeerRow.Id"/> of the client.</param>
/// <param name="Resources">Granted resources.</param>
/// <param name="OverlayOnly">
/// Those of <paramref name="Resources"/> that this client reaches at their overlay address only, since another site's
/// resource claims the same native prefix for this client.
/// </param>
public sealed record GrantRow(int Client, IReadOnlyList<int> Resources, IReadOnlyList<int> OverlayOnly) : IRow
{
    int IRow.Key => Client;

    public bool Equals(GrantRow? other) =>
        ReferenceEquals(this, other) || (other is not null && Client == other.Client && Resources.SequenceEqual(other.Resources) && OverlayOnly.SequenceEqual(other.OverlayOnly));

    public override int GetHashCode() => HashCode.Combine(Client, Resources.Count);
}
