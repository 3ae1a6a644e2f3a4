namespace Keyhole.Control;

/// <summary>The only answer that holds the secret: Control keeps a hash of it.</summary>
/// <param name="Enforcement">Of the end of the older ones, where they end now.</param>
internal sealed record CredentialMade(string Id, string Secret, EnforcementView Enforcement);
