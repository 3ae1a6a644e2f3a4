namespace Keyhole.Control;

/// <summary>The only answer that holds the key: Control keeps a hash of it.</summary>
internal sealed record ApiKeyMade(ApiKeyView Item, string Key);
