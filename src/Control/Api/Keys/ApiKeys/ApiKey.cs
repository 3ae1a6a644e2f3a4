namespace Keyhole.Control;

/// <summary>What is stored of an API key.</summary>
/// <param name="Id">The public part of the key.</param>
/// <param name="Organisation">The identifier of the one organisation that it opens.</param>
/// <param name="Hash">Base64 of <see cref="AgentSecret.Hash"/>.</param>
/// <param name="Scopes">Of <see cref="Permissions"/>; it never has more, and never more than its maker has.</param>
/// <param name="Maker">The user who made it.</param>
/// <param name="Expires">Null for one that stays.</param>
/// <param name="LastUsed">To the minute; null while it was never used.</param>
internal sealed record ApiKey(
    string Id,
    int Organisation,
    string Name,
    string Hash,
    ValueList<string> Scopes,
    int Maker,
    DateTimeOffset CreatedAt,
    DateTimeOffset? Expires,
    DateTimeOffset? LastUsed);
