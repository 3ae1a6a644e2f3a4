namespace Keyhole.Control;

/// <summary>An OpenID provider that users of one organisation log in with, as the operator set it.</summary>
/// <param name="Name">In links: /login/oidc/NAME.</param>
/// <param name="Issuer">Exactly as the provider writes it; discovery starts here.</param>
/// <param name="ClientSecret">Null for a public client, which PKCE alone protects.</param>
/// <param name="Organisation">Whose users it knows, by its number: a name may come to be another's.</param>
/// <param name="RoleClaim">The claim that lists roles or groups; null to map none.</param>
/// <param name="Roles">Value of the claim to role of the organisation. Roles that are named here follow the claim at every login.</param>
/// <param name="CreatesUsers">Somebody new becomes a user of the organisation at the first login.</param>
internal sealed record OpenIdProvider(
    string Name,
    Uri Issuer,
    string ClientId,
    string? ClientSecret,
    int Organisation,
    string? RoleClaim,
    IReadOnlyDictionary<string, string> Roles,
    bool CreatesUsers)
{
    /// <summary>The issuer as text, without the slash that <see cref="Uri"/> adds to a bare host.</summary>
    public string IssuerText => Issuer.OriginalString;
}
