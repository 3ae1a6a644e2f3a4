using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>What holds for every database.</summary>
public abstract class StoreTests : IDisposable
{
    private static readonly AuditEntry Audit = new(Actor.Operator, "apply", "org acme");

    private readonly DataDirectory _directory = DataDirectory.Create(RunningControl.NewDirectory());

    private protected DataDirectory Directory => _directory;

    public void Dispose()
    {
        System.IO.Directory.Delete(_directory.Path, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The connection string of a new, empty database; null for the file in a data directory.</summary>
    private protected abstract Task<string?> NewDatabaseAsync();

    private protected abstract Database OpenDatabase(string? database, IReadOnlyList<Migration> migrations);

    [Fact]
    public async Task What_was_saved_is_loaded_whatever_the_step()
    {
        for (int run = 0; run < 8; run++)
        {
            int seed = TestSeed.Next();
            string path = RunningControl.NewDirectory();
            string? database = await NewDatabaseAsync();
            var files = new RandomNetwork(seed);
            var stored = StoredNetwork.None;
            using (var store = NetworkStore.Open(DataDirectory.Create(path), TimeProvider.System, database))
            {
                for (int i = 0; i < 4; i++)
                {
                    stored = Save(store, stored, Populate(Samples.Apply(stored.State, files.Next(), seed), i));
                    Assert.Equal(stored, store.Load(stored.Organisation));
                }
            }

            using (var again = NetworkStore.Open(DataDirectory.Open(path), TimeProvider.System, database))
                Assert.Equal(stored, again.Load(stored.Organisation));
            System.IO.Directory.Delete(path, recursive: true);
        }
    }

    [Fact]
    public async Task A_listener_that_fails_keeps_neither_writers_nor_other_listeners_from_going_on()
    {
        using var database = OpenDatabase(await NewDatabaseAsync(), Migration.All);
        using var heard = new SemaphoreSlim(0);
        int failures = 0;
        database.Notified += (_, _) => throw new ArithmeticException("a fault of the listener");
        database.Notified += (_, _) => heard.Release();
        database.ListenerFailed += error => failures += error is ArithmeticException ? 1 : 0;
        for (int i = 0; i < 2; i++)
        {
            bool arrived = false;
            for (int tries = 0; tries < 60 && !arrived; tries++)
            {
                database.Write((connection, transaction) => database.Notify(connection, transaction, "test", "word"));
                arrived = await heard.WaitAsync(TimeSpan.FromSeconds(1));
            }

            Assert.True(arrived);
        }

        Assert.True(failures >= 2);
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_refused()
    {
        string? database = await NewDatabaseAsync();
        using (var opened = OpenDatabase(database, Migration.All))
            Execute(opened, "INSERT INTO migration VALUES (99, 'future', 'x')");
        var refused = Assert.ThrowsAny<OperatorException>(() => OpenDatabase(database, Migration.All));
        Assert.Contains($"has schema version 99, this program knows up to {Migration.All[^1].Version}: a newer keyhole-control has written it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_no_release_has_made_is_refused()
    {
        string? database = await NewDatabaseAsync();
        using (var opened = OpenDatabase(database, Migration.All))
            Execute(opened, "UPDATE migration SET checksum = 'x'");
        Assert.Contains("was given another text of schema version 1", Assert.ThrowsAny<OperatorException>(() => OpenDatabase(database, Migration.All)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrations_run_once_in_order_and_all_or_nothing()
    {
        string? database = await NewDatabaseAsync();
        OpenDatabase(database, Migration.All).Dispose();
        var broken = new Migration(Migration.All[^1].Version + 1, "broken", "CREATE TABLE extra (id INTEGER); INSERT INTO missing VALUES (1)", "y");
        Assert.Contains("missing", Assert.ThrowsAny<OperatorException>(() => OpenDatabase(database, [.. Migration.All, broken])).Message, StringComparison.Ordinal);
        var repaired = broken with { Sql = "CREATE TABLE extra (id INTEGER); INSERT INTO extra VALUES (7)" };
        using (var opened = OpenDatabase(database, [.. Migration.All, repaired]))
            Assert.Equal(7, opened.Read(connection => connection.QuerySingle<int>("SELECT id FROM extra")));
        using var again = OpenDatabase(database, [.. Migration.All, repaired]);
        Assert.Equal(1, again.Read(connection => connection.QuerySingle<int>("SELECT count(*) FROM extra")));
    }

    [Fact]
    public async Task The_key_file_belongs_to_its_database()
    {
        string? database = await NewDatabaseAsync();
        NetworkStore Open() => NetworkStore.Open(_directory, TimeProvider.System, database);
        Open().Dispose();
        string key = File.ReadAllText(_directory.KeyFile);
        File.WriteAllText(_directory.KeyFile, Convert.ToBase64String(new byte[32]));
        Assert.Contains("is not the key of", Assert.ThrowsAny<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.WriteAllText(_directory.KeyFile, "short");
        Assert.Contains("is damaged", Assert.ThrowsAny<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.Delete(_directory.KeyFile);
        Assert.Contains("is missing", Assert.ThrowsAny<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.WriteAllText(_directory.KeyFile, key);
        Open().Dispose();
    }

    [Fact]
    public async Task What_is_refused_in_the_middle_is_as_if_it_had_never_begun()
    {
        using var store = NetworkStore.Open(_directory, TimeProvider.System, await NewDatabaseAsync());
        var stored = Save(store, StoredNetwork.None, Samples.AcmeNetwork());
        var next = Samples.Apply(stored.State, Samples.Acme.Replace("machines: [ci]", "machines: [ci, cd]", StringComparison.Ordinal));
        Assert.Throws<InvalidOperationException>(() => store.Database.Write((connection, transaction) =>
        {
            StateWriter.Write(connection, transaction, stored, next);
            throw new InvalidOperationException();
        }));
        Assert.Equal(stored, store.Load(stored.Organisation));

        // A grant for a user who is not there: the database itself keeps what belongs together.
        var torn = stored.State with { Grants = [new Grant(stored.State.Resources[0].Id, PrincipalKind.User, 9999)] };
        Assert.Contains("refused the change", Assert.ThrowsAny<OperatorException>(() => Save(store, stored, torn)).Message, StringComparison.Ordinal);
        Assert.Equal(stored, store.Load(stored.Organisation));
    }

    [Fact]
    public async Task What_is_there_already_is_no_fault_of_the_database()
    {
        using var database = OpenDatabase(await NewDatabaseAsync(), Migration.All);
        const string Row = "INSERT INTO setting (name, content) VALUES ('one', 'x')";
        Execute(database, Row);
        Assert.Contains("has just made the same", Assert.Throws<OperatorException>(() => Execute(database, Row)).Message, StringComparison.Ordinal);
        const string Organisation = """
            INSERT INTO organisation (name, overlay_ipv6, revision, change_number, next_id, next_client, next_resource_ipv4, next_resource_ipv6, next_subnet)
            VALUES ('acme', '', 0, 0, 0, 0, 0, 0, 0)
            """;
        Execute(database, Organisation);
        Assert.Contains("has just made the same", Assert.Throws<OperatorException>(() => Execute(database, Organisation.Replace("acme", "ACME", StringComparison.Ordinal))).Message, StringComparison.Ordinal);
        // What belongs to nobody is one.
        Assert.Throws<StorageException>(() => Execute(database, "INSERT INTO account_organisation (account, organisation) VALUES (99, 99)"));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_login_provider_of_an_older_schema_belongs_to_its_organisation_by_number_and_goes_with_it()
    {
        string? source = await NewDatabaseAsync();
        using (var old = OpenDatabase(source, [.. Migration.All.Where(migration => migration.Version < 9)]))
        {
            Execute(old, """
                INSERT INTO organisation (name, overlay_ipv6, revision, change_number, next_id, next_client, next_resource_ipv4, next_resource_ipv6, next_subnet)
                VALUES ('Acme', '', 0, 0, 0, 0, 0, 0, 0)
                """);
            foreach (string organisation in new[] { "acme", "gone" })
                Execute(old, $"INSERT INTO openid_provider (name, issuer, client_id, organisation, roles, creates_users) VALUES ('of-{organisation}', '', '', '{organisation}', '{{}}', 1)");
        }

        using var database = OpenDatabase(source, Migration.All);
        Assert.Equal([("of-acme", "Acme")], database.Read(connection => connection.Query<(string, string)>(
            "SELECT openid_provider.name, organisation.name FROM openid_provider JOIN organisation ON organisation.id = openid_provider.organisation").ToList()));
        Assert.Equal(1, database.Read(connection => connection.QuerySingle<int>("SELECT count(*) FROM openid_provider")));
        Execute(database, "DELETE FROM organisation");
        Assert.Equal(0, database.Read(connection => connection.QuerySingle<int>("SELECT count(*) FROM openid_provider")));
    }

    [Fact]
    public async Task Notifications_come_after_the_commit_and_only_then()
    {
        using var store = NetworkStore.Open(_directory, TimeProvider.System, await NewDatabaseAsync());
        var heard = System.Threading.Channels.Channel.CreateUnbounded<(string, string)>();
        store.Database.Notified += (channel, payload) => heard.Writer.TryWrite((channel, payload));
        Assert.Throws<InvalidOperationException>(() => store.Database.Write((connection, transaction) =>
        {
            store.Database.Notify(connection, transaction, "test", "never");
            throw new InvalidOperationException();
        }));
        store.Database.Write((connection, transaction) => store.Database.Notify(connection, transaction, "test", "one two"));
        await store.Database.NotifyAsync("other", "{}", CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Equal(("test", "one two"), await heard.Reader.ReadAsync(patience.Token));
        Assert.Equal(("other", "{}"), await heard.Reader.ReadAsync(patience.Token));
    }

    [Fact]
    public async Task A_deleted_organisation_leaves_nothing_but_its_audit_rows()
    {
        using var store = NetworkStore.Open(_directory, TimeProvider.System, await NewDatabaseAsync());
        var other = Save(store, StoredNetwork.None, Samples.Apply(NetworkState.Empty, Samples.Acme.Replace("org: acme", "org: globex", StringComparison.Ordinal)));
        var ledger = new Ledger(store, Save(store, StoredNetwork.None, Populate(Samples.AcmeNetwork(), 0)), TimeProvider.System);
        Assert.Equal("not you", Assert.Throws<OperatorException>(() => ledger.Delete(Actor.Operator, state => throw new OperatorException(state == ledger.State ? "not you" : "another state"))).Message);
        Assert.Equal(ledger.State, store.Load(ledger.Organisation)!.State);
        ledger.Delete(Actor.Operator);
        Assert.Null(store.Load(ledger.Organisation));
        foreach (string table in new[] { "relay", "site", "org_role", "org_user", "peer", "resource", "membership", "resource_grant", "credential" })
            Assert.Equal(0, store.Database.Read(connection => connection.QuerySingle<int>($"SELECT count(*) FROM {table} WHERE organisation = {ledger.Organisation}")));
        Assert.Equal(other, store.Load(other.Organisation));
        Assert.Contains("does not exist any more", Assert.ThrowsAny<OperatorException>(() => ledger.Delete(Actor.Operator)).Message, StringComparison.Ordinal);
        Assert.Equal("delete-organisation", store.Database.Read(connection => AuditLog.Read(connection, ledger.Organisation, null, 1)[0].Action));
    }

    /// <summary>What files do not give: keys, credentials, a device and its user's state.</summary>
    private static NetworkState Populate(NetworkState state, int round)
    {
        foreach (var relay in state.Relays)
            state = Transitions.Rotate(state, new Credential($"relay-{relay.Id}", new Agent(AgentKind.Relay, relay.Id), "hash" + round, DateTimeOffset.UnixEpoch));
        foreach (var peer in state.Peers.Where(peer => !peer.Stock && peer.Kind != PeerKind.Device))
            state = Transitions.Rotate(state, new Credential($"peer-{peer.Id}", new Agent(Names.AgentOf(peer.Kind), peer.Id), "hash" + round, DateTimeOffset.UnixEpoch), Samples.Now);
        foreach (var credential in state.Credentials.Where(credential => credential.Agent.Kind == AgentKind.Connector && credential.Agent.Id % 3 == 0))
            state = Transitions.ReportKey(state, credential, TestAgent.NewPublicKey())!;
        if (state.Users.Count == 0)
            return state;
        state = DeviceTransitions.Enrol(state, state.Users[0], $"laptop-{round}", TestAgent.NewPublicKey(), round % 2 == 0, id =>
            new Credential($"device-{id}", new Agent(AgentKind.Device, id), "hash", Samples.Now) { Session = round, Expires = Samples.Now.AddMilliseconds(1) });
        return state with { Users = state.Users.Select(user => user with { DisplayName = "Ann 'x\" 漢", Disabled = round == 1 }).ToValueList() };
    }

    private static void Execute(Database database, string sql) => database.Write((connection, transaction) => { connection.Execute(sql, transaction: transaction); });

    private protected static StoredNetwork Save(NetworkStore store, StoredNetwork from, NetworkState to) => store.Database.Write((connection, transaction) =>
    {
        var saved = StateWriter.Write(connection, transaction, from, to);
        store.Audit.Append(connection, transaction, saved.Organisation, Audit, to.Revision);
        return saved;
    });
}
