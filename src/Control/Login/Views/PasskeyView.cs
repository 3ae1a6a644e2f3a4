namespace Keyhole.Control;

/// <summary>A passkey as its user sees it.</summary>
internal sealed record PasskeyView(string Id, string Name, DateTimeOffset CreatedAt);
