namespace Keyhole.Control;

/// <summary>What an ID token must say to be the answer to our own question.</summary>
/// <param name="RoleClaim">Which claim holds roles; null for none.</param>
internal sealed record IdTokenExpectation(string Issuer, string ClientId, string Nonce, string? RoleClaim);
