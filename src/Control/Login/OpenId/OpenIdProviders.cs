using System.Text;
using System.Text.Json;
using Dapper;

namespace Keyhole.Control;

/// <summary>The OpenID providers that the operator set, in the database; their client secrets sealed.</summary>
internal sealed class OpenIdProviders(Database database, AuditLog audit, SecretBox secrets)
{
    public OpenIdProvider? Find(string name) => All().FirstOrDefault(provider => Names.Comparer.Equals(provider.Name, name));

    public IReadOnlyList<OpenIdProvider> All() => database.Read(connection => connection.Query<ProviderRow>("SELECT * FROM openid_provider ORDER BY name").Select(ToProvider).ToList());

    public void Set(OpenIdProvider provider, Actor actor) => database.Write((connection, transaction) =>
    {
        connection.Execute(
            """
            INSERT INTO openid_provider (name, issuer, client_id, sealed_secret, organisation, role_claim, roles, creates_users)
            VALUES (@Name, @Issuer, @ClientId, @Secret, @Organisation, @RoleClaim, @Roles, @Creates)
            ON CONFLICT (name) DO UPDATE SET issuer = @Issuer, client_id = @ClientId, sealed_secret = @Secret,
                organisation = @Organisation, role_claim = @RoleClaim, roles = @Roles, creates_users = @Creates
            """,
            new
            {
                Name = provider.Name.ToLowerInvariant(),
                Issuer = provider.IssuerText,
                provider.ClientId,
                Secret = provider.ClientSecret is { } secret ? secrets.Seal(Encoding.UTF8.GetBytes(secret), PurposeOf(provider.Name)) : null,
                provider.Organisation,
                provider.RoleClaim,
                Roles = JsonSerializer.Serialize(provider.Roles.ToDictionary(), LoginJson.Default.DictionaryStringString),
                Creates = provider.CreatesUsers ? 1 : 0,
            },
            transaction);
        audit.Append(connection, transaction, null, new AuditEntry(actor, "set-login-provider", $"login-provider {provider.Name}", null, provider.IssuerText));
    });

    /// <returns>False when there is none of this name.</returns>
    public bool Remove(string name, Actor actor) => database.Write((connection, transaction) =>
    {
        if (connection.Execute("DELETE FROM openid_provider WHERE name = @Name", new { Name = name.ToLowerInvariant() }, transaction) == 0)
            return false;
        audit.Append(connection, transaction, null, new AuditEntry(actor, "remove-login-provider", $"login-provider {name}"));
        return true;
    });

    private OpenIdProvider ToProvider(ProviderRow row) => new(
        row.Name, new Uri(row.Issuer), row.ClientId,
        row.SealedSecret is { } box ? Encoding.UTF8.GetString(secrets.Open(box, PurposeOf(row.Name))) : null,
        (int)row.Organisation, row.RoleClaim, JsonSerializer.Deserialize(row.Roles, LoginJson.Default.DictionaryStringString)!, row.CreatesUsers != 0);

    private static string PurposeOf(string name) => $"login provider {name.ToLowerInvariant()}: client secret";

    private sealed class ProviderRow
    {
        public string Name { get; init; } = "";
        public string Issuer { get; init; } = "";
        public string ClientId { get; init; } = "";
        public string? SealedSecret { get; init; }
        public long Organisation { get; init; }
        public string? RoleClaim { get; init; }
        public string Roles { get; init; } = "";
        public long CreatesUsers { get; init; }
    }
}
