namespace Keyhole.Control;

/// <param name="Key">"none", "declared" or "generated".</param>
internal sealed record StatusOfClient(string Name, IReadOnlyList<string> Addresses, string Key, bool Expired, DateTimeOffset? Expires);
