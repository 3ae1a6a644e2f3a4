namespace Keyhole.Control;

/// <summary>A login provider as the operator sets it.</summary>
/// <param name="Roles">Value of the claim to role.</param>
internal sealed record ProviderRequest(
    string Name, string Issuer, string ClientId, string? ClientSecret, string? Organisation, string? RoleClaim, IReadOnlyDictionary<string, string> Roles, bool CreatesUsers);
