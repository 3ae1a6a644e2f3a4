using System.Data.Common;
using System.Text.Json;
using Dapper;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>The invitations of all organisations: links of one use that make an account a user of an organisation.</summary>
internal sealed class Invitations(Networks networks, TimeProvider time)
{
    public const string Prefix = "khi_";

    /// <summary>Of one organisation, used ones included until they are removed.</summary>
    public const int MaximumCount = 1000;

    private const string Columns = "id, organisation, email, roles, hash, maker, created_at, expires, used_at";

    private Database Database => networks.Store.Database;

    public IReadOnlyList<Invitation> Of(int organisation) => Database.Read(connection =>
        connection.Query<InvitationRecord>($"SELECT {Columns} FROM invitation WHERE organisation = @Organisation", new { Organisation = organisation }).Select(ToInvitation).ToList());

    /// <summary>The invitation of a token and the organisation that it is for; null when it is unknown, used, or over.</summary>
    public (Invitation Invitation, Network Network)? Find(string text)
    {
        if (KeyToken.Parse(text, Prefix) is not { } token)
            return null;
        var row = Database.Read(connection => connection.QueryFirstOrDefault<InvitationRecord>($"SELECT {Columns} FROM invitation WHERE id = @Id", new { token.Id }));
        if (!token.Matches(row?.Hash) || ToInvitation(row!) is not { UsedAt: null } invitation || invitation.Expires <= time.GetUtcNow())
            return null;
        return networks.All.FirstOrDefault(network => network.Id == invitation.Organisation) is { } found ? (invitation, found) : null;
    }

    /// <summary>
    /// Makes the account of this address a user of the organisation, with the roles of the invitation. It works once. Whoever made the invitation has its link
    /// too: a new account gets nothing that they could not take themselves, and counts in no other organisation.
    /// </summary>
    /// <param name="email">Of the account, which has proven itself; or which is made with the invitation.</param>
    /// <param name="account">Finds or makes the account, within the transaction.</param>
    /// <param name="isNew">The account is made by this.</param>
    /// <exception cref="OperatorException">The invitation is unknown, used, over or for somebody else, or may not give its roles any more.</exception>
    public Network Accept(string token, string email, Actor actor, bool isNew, Func<DbConnection, DbTransaction, Network, Account?> account)
    {
        if (Find(token) is not var (invitation, network) || !Names.Comparer.Equals(invitation.Email, email))
            throw new OperatorException("this invitation is unknown, was used, is over, or is for another e-mail address");
        try
        {
            network.Ledger.Change(
                state => Join(state, invitation, isNew),
                (_, after) => new AuditEntry(actor, "accept-invitation", $"user {invitation.Email}", null, string.Join(", ", invitation.Roles)),
                (connection, transaction) =>
                {
                    if (connection.Execute("UPDATE invitation SET used_at = @Now WHERE id = @Id AND used_at IS NULL", new { invitation.Id, Now = time.GetUtcNow().ToUnixTimeMilliseconds() }, transaction) == 0)
                        throw new OperatorException("this invitation was used already");
                    if (account(connection, transaction, network) is { } taken)
                        AccountOrganisations.Add(connection, transaction, taken.Id, network.Id);
                });
        }
        catch (ApiException error)
        {
            throw new OperatorException($"whoever made this invitation may not give its roles any more: {error.Message}");
        }

        return network;
    }

    /// <exception cref="ApiException">There are too many.</exception>
    public static void Add(DbConnection connection, DbTransaction transaction, Invitation invitation)
    {
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM invitation WHERE organisation = @Organisation", new { invitation.Organisation }, transaction) >= MaximumCount)
            throw new ApiException(StatusCodes.Status409Conflict, $"There are {MaximumCount} invitations already: remove some first.");
        connection.Execute(
            $"INSERT INTO invitation ({Columns}) VALUES (@Id, @Organisation, @Email, @Roles, @Hash, @Maker, @CreatedAt, @Expires, NULL)",
            new
            {
                invitation.Id,
                invitation.Organisation,
                invitation.Email,
                Roles = JsonSerializer.Serialize(invitation.Roles.ToArray(), StoreJson.Default.StringArray),
                invitation.Hash,
                invitation.Maker,
                CreatedAt = invitation.CreatedAt.ToUnixTimeMilliseconds(),
                Expires = invitation.Expires.ToUnixTimeMilliseconds(),
            },
            transaction);
    }

    /// <exception cref="ApiException">There is none of this identifier.</exception>
    public static void Remove(DbConnection connection, DbTransaction transaction, int organisation, string id)
    {
        if (connection.Execute("DELETE FROM invitation WHERE organisation = @Organisation AND id = @Id", new { Organisation = organisation, Id = id }, transaction) == 0)
            throw ApiException.NotFound("invitation", id);
    }

    private NetworkState Join(NetworkState state, Invitation invitation, bool isNew)
    {
        var maker = state.Users.FirstOrDefault(user => user.Id == invitation.Maker)
            ?? throw new OperatorException("whoever made this invitation is no user of the organisation any more");
        if (invitation.Roles.FirstOrDefault(role => !state.Roles.Any(known => Names.Comparer.Equals(known.Name, role))) is { } gone)
            throw new OperatorException($"the role {gone} of this invitation does not exist any more");
        var network = StateDescription.Of(state);
        var present = network.Users.FirstOrDefault(user => Names.Comparer.Equals(user.Email, invitation.Email));
        var joined = new UserDescription(present?.Email ?? invitation.Email, (present?.Roles ?? []).Union(invitation.Roles, Names.Comparer).ToValueList());
        var next = Reconciliation.Reconcile(
            state, network with { Users = network.Users.Where(user => user != present).Append(joined).ToValueList() }, time.GetUtcNow(), RandomSource.System);
        var held = Rights.Of(state, maker);
        if (!held.Contains(Permissions.InvitationsWrite))
            throw new OperatorException("whoever made this invitation may not invite any more");
        Escalation.Check(state, next, held);
        // What its roles give, though it is disabled now: once it is enabled the account has it.
        if (isNew && OrganisationUsers.Find(state, invitation.Email) is { } known
            && !(state.Roles.Where(role => known.Roles.Contains(role.Id)).SelectMany(role => role.Permissions).All(held.Contains) && held.Contains(Permissions.UsersWrite) && held.Contains(Permissions.GrantsWrite)))
            throw new OperatorException($"{invitation.Email} is a user already, of whom this invitation may not decide: the operator makes the account, by keyhole-control admin");
        return next;
    }

    private static Invitation ToInvitation(InvitationRecord row) => new(
        row.Id, (int)row.Organisation, row.Email, JsonSerializer.Deserialize(row.Roles, StoreJson.Default.StringArray)!.ToValueList(), row.Hash, (int)row.Maker,
        DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), DateTimeOffset.FromUnixTimeMilliseconds(row.Expires), KeyTimes.FromColumn(row.UsedAt));

    private sealed class InvitationRecord
    {
        public string Id { get; init; } = "";
        public long Organisation { get; init; }
        public string Email { get; init; } = "";
        public string Roles { get; init; } = "";
        public string Hash { get; init; } = "";
        public long Maker { get; init; }
        public long CreatedAt { get; init; }
        public long Expires { get; init; }
        public long? UsedAt { get; init; }
    }
}
