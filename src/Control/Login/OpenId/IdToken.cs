namespace Keyhole.Control;

/// <summary>What an ID token says, after every check.</summary>
/// <param name="Subject">Never given to anybody else by this issuer, unlike an address.</param>
/// <param name="Email">Only where the provider says that it verified it.</param>
/// <param name="Roles">The values of the provider's role claim.</param>
internal sealed record IdToken(string Subject, string? Email, IReadOnlyList<string> Roles);
