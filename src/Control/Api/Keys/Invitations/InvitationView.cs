namespace Keyhole.Control;

/// <summary>What can be seen of an invitation: never its link.</summary>
/// <param name="Maker">The user who invited; null when that user is gone, and the invitation opens nothing.</param>
/// <param name="UsedAt">Null while it is open.</param>
internal sealed record InvitationView(
    string Id,
    string Email,
    IReadOnlyList<string> Roles,
    string? Maker,
    DateTimeOffset CreatedAt,
    DateTimeOffset Expires,
    DateTimeOffset? UsedAt)
{
    public static InvitationView Of(NetworkState state, Invitation row) =>
        new(row.Id, row.Email, row.Roles, ViewIndex.Of(state).NameOf(row.Maker), row.CreatedAt, row.Expires, row.UsedAt);
}
