using System.Data.Common;
using Dapper;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>The provisioning keys of all organisations, and what they are good for.</summary>
internal sealed class ProvisioningKeys(Networks networks, TimeProvider time)
{
    public const string Prefix = "khp_";

    /// <summary>Of one organisation.</summary>
    public const int MaximumCount = 1000;

    private const int MaximumUses = 1_000_000;
    private const int MaximumNameTries = 100_000;
    private const string Columns = "id, organisation, name, hash, kind, site, maximum_uses, uses, approval, maker, created_at, expires";

    private Database Database => networks.Store.Database;

    public IReadOnlyList<ProvisioningKey> Of(int organisation) => Database.Read(connection =>
        connection.Query<KeyRecord>($"SELECT {Columns} FROM provisioning_key WHERE organisation = @Organisation", new { Organisation = organisation }).Select(ToKey).ToList());

    /// <summary>Makes a connector or machine, with its ID and secret. Of uses that race for the last one, one wins.</summary>
    /// <param name="wanted">The name that it asks for; null for that of the key.</param>
    /// <returns>Null when the key is unknown, used up, or over.</returns>
    /// <exception cref="OperatorException">There is no room for it, or the site of the key is gone.</exception>
    public (Provisioned Answer, Network Network, NetworkState Before, NetworkState After)? Use(string text, string? wanted, string? address)
    {
        if (KeyToken.Parse(text, Prefix) is not { } token)
            return null;
        var row = Database.Read(connection => connection.QueryFirstOrDefault<KeyRecord>($"SELECT {Columns} FROM provisioning_key WHERE id = @Id", new { token.Id }));
        if (!token.Matches(row?.Hash) || ToKey(row!) is not { } key || key.Uses >= key.MaximumUses || key.Expires <= time.GetUtcNow()
            || networks.All.FirstOrDefault(network => network.Id == key.Organisation) is not { } network)
            return null;
        string id = AgentSecret.NewId(key.Kind), secret = AgentSecret.NewSecret(), name = "";
        bool lost = false;
        try
        {
            var (before, after) = network.Ledger.Change(
                state => Make(state, key, wanted ?? key.Name, new Credential(id, default, AgentSecret.Hash(id, secret), DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds())), out name),
                (_, _) => new AuditEntry(new Actor($"provisioning-key {key.Name} ({key.Id})", address), "provision", $"{Names.Of(key.Kind)} {name}", null, key.Approval ? "waits for approval" : null),
                (connection, transaction) =>
                {
                    lost = connection.Execute("UPDATE provisioning_key SET uses = uses + 1 WHERE id = @Id AND uses < maximum_uses", new { key.Id }, transaction) == 0;
                    if (lost)
                        throw new OperatorException("this provisioning key is used up");
                });
            return (new Provisioned(network.Name, key.Kind, name, id, secret, !key.Approval), network, before.State, after.State);
        }
        catch (OperatorException) when (lost)
        {
            return null;
        }
    }

    /// <summary>Makes a key.</summary>
    /// <param name="maker">Null for the operator on the box.</param>
    /// <returns>What is stored of it, and the key itself, which is nowhere else.</returns>
    /// <exception cref="ApiException">The input is wrong, the name is taken, or there are too many.</exception>
    public (ProvisioningKey Made, string Key) Create(Network network, Actor actor, ProvisioningKeyInput input, Caller? maker = null)
    {
        var now = time.GetUtcNow();
        Check(input);
        var expires = KeyTimes.Read(input.Expires, now);
        var token = KeyToken.New();
        ProvisioningKey? made = null;
        network.Ledger.Change(
            state =>
            {
                int? site = input.Site is null ? null
                    : state.Sites.FirstOrDefault(site => Names.Comparer.Equals(site.Name, input.Site))?.Id ?? throw ApiException.Field("site", $"no site is named \"{Findings.Shown(input.Site)}\"");
                made = new ProvisioningKey(
                    token.Id, network.Id, input.Name, token.Hash, input.Kind == "connector" ? AgentKind.Connector : AgentKind.Machine, site, input.MaximumUses ?? 1, 0,
                    input.Approval ?? false, maker?.UserOf(state)?.Id, now, expires);
                if (maker is not null && !Covers(maker.PermissionsIn(state), made.Kind))
                    throw new ApiException(StatusCodes.Status403Forbidden, $"You do not hold {WriteOf(made.Kind)} yourself, which the key needs.");
                return state;
            },
            (_, _) => new AuditEntry(actor, "add", $"provisioning-key {input.Name} ({token.Id})"),
            (connection, transaction) => Add(connection, transaction, made!));
        return (made!, token.ToText(Prefix));
    }

    private static string WriteOf(AgentKind kind) => kind == AgentKind.Connector ? Permissions.ConnectorsWrite : Permissions.MachinesWrite;

    private static bool Covers(IReadOnlySet<string> held, AgentKind kind) => held.Contains(Permissions.ProvisioningKeysWrite) && held.Contains(WriteOf(kind));

    private static void Check(ProvisioningKeyInput input)
    {
        if (!Names.IsName(input.Name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        if (input.Kind is not ("connector" or "machine"))
            throw ApiException.Field("kind", "this is neither \"connector\" nor \"machine\"");
        if ((input.Kind == "connector") != input.Site is not null)
            throw ApiException.Field("site", "a key for connectors names their site, one for machines names none");
        if (input.MaximumUses is < 1 or > MaximumUses)
            throw ApiException.Field("maximumUses", $"this is no number from 1 to {MaximumUses}");
    }

    /// <exception cref="ApiException">The name is taken, or there are too many.</exception>
    private static void Add(DbConnection connection, DbTransaction transaction, ProvisioningKey key)
    {
        var parameters = new { key.Organisation, key.Name };
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM provisioning_key WHERE organisation = @Organisation AND lower(name) = lower(@Name)", parameters, transaction) != 0)
            throw ApiException.Field("name", "another provisioning key has this name");
        if (connection.ExecuteScalar<long>("SELECT count(*) FROM provisioning_key WHERE organisation = @Organisation", parameters, transaction) >= MaximumCount)
            throw new ApiException(StatusCodes.Status409Conflict, $"There are {MaximumCount} provisioning keys already: remove some first.");
        connection.Execute(
            $"INSERT INTO provisioning_key ({Columns}) VALUES (@Id, @Organisation, @Name, @Hash, @Kind, @Site, @MaximumUses, 0, @Approval, @Maker, @CreatedAt, @Expires)",
            new
            {
                key.Id,
                key.Organisation,
                key.Name,
                key.Hash,
                Kind = Names.Of(key.Kind),
                key.Site,
                key.MaximumUses,
                Approval = key.Approval ? 1 : 0,
                key.Maker,
                CreatedAt = key.CreatedAt.ToUnixTimeMilliseconds(),
                Expires = key.Expires?.ToUnixTimeMilliseconds(),
            },
            transaction);
    }

    /// <param name="check">Told the identifier of the key; throws to refuse.</param>
    /// <exception cref="ApiException">There is none of this name.</exception>
    public static void Remove(DbConnection connection, DbTransaction transaction, int organisation, string name, Action<string> check)
    {
        string id = connection.QuerySingleOrDefault<string>("SELECT id FROM provisioning_key WHERE organisation = @Organisation AND lower(name) = lower(@Name)", new { Organisation = organisation, Name = name }, transaction)
            ?? throw ApiException.NotFound("provisioning key", name);
        check(id);
        connection.Execute("DELETE FROM provisioning_key WHERE id = @Id", new { Id = id }, transaction);
    }

    /// <param name="credential">Of no agent yet.</param>
    private NetworkState Make(NetworkState state, ProvisioningKey key, string wanted, Credential credential, out string name)
    {
        if (key.Maker is { } maker && !(state.Users.FirstOrDefault(user => user.Id == maker) is { } user && Covers(Rights.Of(state, user), key.Kind)))
            throw new OperatorException("whoever made this provisioning key may not any more");
        var kind = key.Kind == AgentKind.Connector ? PeerKind.Connector : PeerKind.Machine;
        string free = FreeName(state, kind, wanted);
        name = free;
        var network = StateDescription.Of(state);
        if (kind == PeerKind.Connector)
        {
            var site = state.Sites.FirstOrDefault(site => site.Id == key.Site) ?? throw new OperatorException("the site of this provisioning key is gone");
            network = network with { Connectors = network.Connectors.Append(new ConnectorDescription(free, site.Name, null)).ToValueList() };
        }
        else
        {
            network = network with { Machines = network.Machines.Append(new MachineDescription(free, null)).ToValueList() };
        }

        try
        {
            var next = Reconciliation.Reconcile(state, network, time.GetUtcNow(), RandomSource.System);
            var made = next.FindPeer(kind, free)!;
            next = next with { Peers = next.Peers.Select(peer => peer.Id == made.Id ? peer with { Enabled = !key.Approval } : peer).ToValueList() };
            return Transitions.Rotate(next, credential with { Agent = new Agent(key.Kind, made.Id) });
        }
        catch (OverlayExhaustedException error)
        {
            throw new OperatorException(error.Message);
        }
    }

    /// <summary>Machines of one image share their host name: the second is called NAME-2.</summary>
    private static string FreeName(NetworkState state, PeerKind kind, string wanted)
    {
        var taken = state.Peers.Where(peer => peer.Kind == kind).Select(peer => peer.Name).ToHashSet(Names.Comparer);
        for (int number = 1; number < MaximumNameTries; number++)
        {
            string name = number == 1 ? wanted : $"{wanted[..Math.Min(wanted.Length, 56)]}-{number}";
            if (!taken.Contains(name))
                return name;
        }

        throw new OperatorException($"too many are named {wanted}");
    }

    private static ProvisioningKey ToKey(KeyRecord row) => new(
        row.Id, (int)row.Organisation, row.Name, row.Hash, row.Kind == Names.Of(AgentKind.Connector) ? AgentKind.Connector : AgentKind.Machine, (int?)row.Site,
        (int)row.MaximumUses, (int)row.Uses, row.Approval != 0, (int?)row.Maker, DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt), KeyTimes.FromColumn(row.Expires));

    private sealed class KeyRecord
    {
        public string Id { get; init; } = "";
        public long Organisation { get; init; }
        public string Name { get; init; } = "";
        public string Hash { get; init; } = "";
        public string Kind { get; init; } = "";
        public long? Site { get; init; }
        public long MaximumUses { get; init; }
        public long Uses { get; init; }
        public long Approval { get; init; }
        public long? Maker { get; init; }
        public long CreatedAt { get; init; }
        public long? Expires { get; init; }
    }
}
