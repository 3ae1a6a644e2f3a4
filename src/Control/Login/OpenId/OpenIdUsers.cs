using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>Whose account an ID token opens: by issuer and subject; at the first time by an address that the provider verified.</summary>
internal sealed class OpenIdUsers(Database database, AuditLog audit, Accounts accounts, Networks networks, ILogger log)
{
    /// <exception cref="OpenIdException">Nobody here is meant, or the provider may not speak for them.</exception>
    public Account Admit(OpenIdProvider provider, IdToken token, Actor actor)
    {
        var network = networks.FindById(provider.Organisation) ?? throw new OpenIdException($"the organisation of {provider.Name} does not exist any more");
        var account = FindLinked(provider, token) ?? Link(provider, token, network, actor);
        CheckOwn(network, account);
        var user = OrganisationUsers.Find(network.Ledger.State, account.Email);
        if (user is null && provider.CreatesUsers)
            network.Ledger.Change(state => OrganisationUsers.Add(state, account.Email, [FixedRoles.Member]), (_, _) => new AuditEntry(actor, "add-user", $"user {account.Email}", null, FixedRoles.Member));
        else if (user is null || user.Disabled)
            throw new OpenIdException($"{account.Email} is no user of {network.Name}");
        FollowRoles(provider, token, network, account, actor);
        return account;
    }

    private Account? FindLinked(OpenIdProvider provider, IdToken token) => database.Read(connection => connection.QuerySingleOrDefault<long?>(
        "SELECT account FROM openid_identity WHERE issuer = @Issuer AND subject = @Subject", new { Issuer = provider.IssuerText, token.Subject }))
        is { } id ? accounts.Find(id) : null;

    /// <summary>
    /// A provider speaks for the accounts that are its own organisation's alone and for nobody else's.
    /// </summary>
    private Account Link(OpenIdProvider provider, IdToken token, Network network, Actor actor)
    {
        if (token.Email is not { } email || !HostSyntax.IsEmail(email))
            throw new OpenIdException("the provider names no e-mail address that it has verified");
        bool isUser = OrganisationUsers.Find(network.Ledger.State, email) is not null;
        if (!isUser && !provider.CreatesUsers)
            throw new OpenIdException($"{email} is no user of {network.Name}");
        if (accounts.Find(email) is { } present)
        {
            CheckOwn(network, present);
            if (!isUser)
                throw new OpenIdException($"the account {email} is no user of {network.Name} any more");
        }

        return database.Write((connection, transaction) =>
        {
            var account = Accounts.Find(connection, transaction, email) ?? accounts.Create(connection, transaction, email, null, isServerAdmin: false, network.Id);
            Insert(connection, transaction, provider, token, account);
            audit.Append(connection, transaction, null, new AuditEntry(actor, "link-login-provider", $"account {email}", null, provider.Name));
            return account;
        });
    }

    private void CheckOwn(Network network, Account account)
    {
        bool HasLeft(int other) => networks.FindById(other) is not { } elsewhere || OrganisationUsers.Find(elsewhere.Ledger.State, account.Email) is null;
        if (!database.Read(connection => AccountOrganisations.IsOwn(connection, null, account, network.Id, HasLeft)))
            throw new OpenIdException($"the account {account.Email} does not log in by this provider: it does not count in {network.Name} alone");
    }

    private static void Insert(DbConnection connection, DbTransaction transaction, OpenIdProvider provider, IdToken token, Account account) => connection.Execute(
        "INSERT INTO openid_identity (issuer, subject, account) VALUES (@Issuer, @Subject, @Account) ON CONFLICT (issuer, subject) DO NOTHING",
        new { Issuer = provider.IssuerText, token.Subject, Account = account.Id }, transaction);

    private void FollowRoles(OpenIdProvider provider, IdToken token, Network network, Account account, Actor actor)
    {
        if (provider.RoleClaim is null)
            return;
        var held = token.Roles.Where(provider.Roles.ContainsKey).Select(value => provider.Roles[value]).ToList();
        try
        {
            network.Ledger.Change(
                state =>
                {
                    var next = OrganisationUsers.Follow(state, account.Email, [.. provider.Roles.Values], held);
                    OwnerAccounts.Check(database, network.Id, state, next);
                    return next;
                },
                (_, _) => new AuditEntry(actor, "follow-roles", $"user {account.Email}", null, string.Join(", ", held)));
        }
        catch (OperatorException error)
        {
            // The last owner stays one, whatever the provider says.
            log.Refused(error.Message);
        }
    }
}
