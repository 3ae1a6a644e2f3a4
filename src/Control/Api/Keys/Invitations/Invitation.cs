namespace Keyhole.Control;

/// <summary>What is stored of an invitation.</summary>
/// <param name="Email">Who is invited: the account that accepts must have this address.</param>
/// <param name="Roles">By name.</param>
/// <param name="Hash">Of the link's secret.</param>
/// <param name="Maker">The user who invites: the invitation gives no more than that user may give when it is accepted.</param>
/// <param name="UsedAt">Null while it is open.</param>
internal sealed record Invitation(
    string Id,
    int Organisation,
    string Email,
    ValueList<string> Roles,
    string Hash,
    int Maker,
    DateTimeOffset CreatedAt,
    DateTimeOffset Expires,
    DateTimeOffset? UsedAt);
