namespace Keyhole.Control;

/// <summary>A login provider as the operator sees it: without its secret.</summary>
/// <param name="Callback">The redirect URI to register at the provider.</param>
internal sealed record ProviderLine(
    string Name, string Issuer, string ClientId, bool HasSecret, string Organisation, string? RoleClaim, IReadOnlyDictionary<string, string> Roles, bool CreatesUsers, string Callback);
