namespace Keyhole.Control;

/// <summary>The only answer that holds the secret: Control keeps a hash of it.</summary>
internal sealed record CredentialMade(string Id, string Secret);
