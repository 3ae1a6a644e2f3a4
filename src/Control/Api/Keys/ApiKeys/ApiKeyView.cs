namespace Keyhole.Control;

/// <summary>What can be seen of an API key: never the key.</summary>
/// <param name="Maker">The user who made it; null when that user is gone, and the key opens nothing.</param>
/// <param name="LastUsed">To the minute; null while it was never used.</param>
internal sealed record ApiKeyView(
    string Name,
    string Id,
    IReadOnlyList<string> Scopes,
    string? Maker,
    DateTimeOffset CreatedAt,
    DateTimeOffset? Expires,
    DateTimeOffset? LastUsed)
{
    public static ApiKeyView Of(NetworkState state, ApiKey key) =>
        new(key.Name, key.Id, key.Scopes, ViewIndex.Of(state).NameOf(key.Maker), key.CreatedAt, key.Expires, key.LastUsed);
}
