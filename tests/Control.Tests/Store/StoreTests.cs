using System.Text;
using Dapper;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control.Tests;

public sealed class StoreTests : IDisposable
{
    private static readonly AuditEntry Audit = new(Actor.Operator, "apply", "org acme");

    private readonly DataDirectory _directory = DataDirectory.Create(RunningControl.NewDirectory());

    public void Dispose() => Directory.Delete(_directory.Path, recursive: true);

    private NetworkStore Open() => NetworkStore.Open(_directory, TimeProvider.System);

    [Fact]
    public void What_was_saved_is_loaded_whatever_the_step()
    {
        Prop.ForAll<int>(seed =>
        {
            string path = RunningControl.NewDirectory();
            var files = new RandomNetwork(seed);
            var stored = StoredNetwork.None;
            using (var store = NetworkStore.Open(DataDirectory.Create(path), TimeProvider.System))
            {
                for (int i = 0; i < 4; i++)
                {
                    var next = Samples.Apply(stored.State, files.Next(), seed);
                    foreach (var peer in next.Peers.Where(peer => peer.Id % 3 == 0 && !peer.Stock))
                        next = Transitions.ReportKey(next, new Agent(AgentKind.Connector, peer.Id), TestAgent.NewPublicKey())!;
                    foreach (var relay in next.Relays)
                        next = Transitions.Rotate(next, new Credential($"relay-{relay.Id}", new Agent(AgentKind.Relay, relay.Id), "hash" + i, DateTimeOffset.UnixEpoch));
                    foreach (var peer in next.Peers.Where(peer => !peer.Stock))
                    {
                        var kind = peer.Kind == PeerKind.Connector ? AgentKind.Connector : AgentKind.Machine;
                        next = Transitions.Rotate(next, new Credential($"peer-{peer.Id}", new Agent(kind, peer.Id), "hash" + i, DateTimeOffset.UnixEpoch));
                    }

                    stored = Save(store, stored, next);
                    Assert.Equal(stored, store.Load(stored.Organisation));
                }
            }

            using (var again = NetworkStore.Open(DataDirectory.Open(path), TimeProvider.System))
                Assert.Equal(stored, again.Load(stored.Organisation));
            Directory.Delete(path, recursive: true);
            return true;
        }).Check(Seeded.Runs(8));
    }

    [Fact]
    public void A_full_disk_changes_nothing_and_says_so()
    {
        var state = Samples.AcmeNetwork();
        using var store = Open();
        var stored = Save(store, StoredNetwork.None, state);
        store.Database.Write((connection, transaction) => connection.Execute("PRAGMA max_page_count = 1", transaction: transaction));
        var text = new StringBuilder(Samples.Acme.Replace("machines: [ci]", $"machines: [ci, {string.Join(", ", Enumerable.Range(0, 2000).Select(i => $"m{i}"))}]", StringComparison.Ordinal));
        var refused = Assert.Throws<OperatorException>(() => Save(store, stored, Samples.Apply(state, text.ToString())));
        Assert.Contains("is full: nothing was changed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(stored, store.Load(stored.Organisation));
    }

    [Fact]
    public void A_database_of_a_newer_program_is_refused()
    {
        Open().Dispose();
        Change("INSERT INTO migration VALUES (99, 'future', 'x')");
        var refused = Assert.Throws<OperatorException>(Open);
        Assert.Contains($"has schema version 99, this program knows up to {Migration.All.Count}: a newer keyhole-control has written it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_that_no_release_has_made_is_refused()
    {
        Open().Dispose();
        Change("UPDATE migration SET checksum = 'x'");
        Assert.Contains("was given another text of schema version 1", Assert.Throws<OperatorException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Migrations_run_once_in_order_and_all_or_nothing()
    {
        SqliteDatabase.Open(_directory.Database, Migration.All).Dispose();
        var broken = new Migration(Migration.All.Count + 1, "broken", "CREATE TABLE extra (id INTEGER); INSERT INTO missing VALUES (1)", "y");
        Assert.Contains("no such table: missing", Assert.Throws<OperatorException>(() => SqliteDatabase.Open(_directory.Database, [.. Migration.All, broken])).Message, StringComparison.Ordinal);
        var repaired = broken with { Sql = "CREATE TABLE extra (id INTEGER); INSERT INTO extra VALUES (7)" };
        using (var database = SqliteDatabase.Open(_directory.Database, [.. Migration.All, repaired]))
            Assert.Equal(7, database.Read(connection => connection.QuerySingle<long>("SELECT id FROM extra")));
        using var again = SqliteDatabase.Open(_directory.Database, [.. Migration.All, repaired]);
        Assert.Equal(1, again.Read(connection => connection.QuerySingle<long>("SELECT count(*) FROM extra")));
        Assert.Equal(("wal", 2L, 1L), again.Write((connection, transaction) => (
            connection.QuerySingle<string>("PRAGMA journal_mode", transaction: transaction),
            connection.QuerySingle<long>("PRAGMA synchronous", transaction: transaction),
            connection.QuerySingle<long>("PRAGMA foreign_keys", transaction: transaction))));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(_directory.Database, new string('x', 8192));
        Assert.Contains("cannot be used", Assert.Throws<OperatorException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_file_belongs_to_its_database()
    {
        Open().Dispose();
        string key = File.ReadAllText(_directory.KeyFile);
        File.WriteAllText(_directory.KeyFile, Convert.ToBase64String(new byte[32]));
        Assert.Contains("is not the key of", Assert.Throws<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.WriteAllText(_directory.KeyFile, "short");
        Assert.Contains("is damaged", Assert.Throws<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.Delete(_directory.KeyFile);
        Assert.Contains("is missing", Assert.Throws<OperatorException>(Open).Message, StringComparison.Ordinal);
        File.WriteAllText(_directory.KeyFile, key);
        Open().Dispose();
    }

    [Fact]
    public void Sealed_values_open_for_their_purpose_only()
    {
        using var secrets = new SecretBox(Enumerable.Repeat((byte)1, SecretBox.KeyLength).ToArray());
        using var others = new SecretBox(Enumerable.Repeat((byte)2, SecretBox.KeyLength).ToArray());
        string box = secrets.Seal("secret"u8, "peer 1");
        Assert.Equal("secret"u8.ToArray(), secrets.Open(box, "peer 1"));
        Assert.NotEqual(box, secrets.Seal("secret"u8, "peer 1"));
        Assert.Throws<OperatorException>(() => secrets.Open(box, "peer 2"));
        Assert.Throws<OperatorException>(() => others.Open(box, "peer 1"));
        Assert.Throws<OperatorException>(() => secrets.Open(box[..10], "peer 1"));
        Assert.Throws<OperatorException>(() => secrets.Open("0:AAAA", "peer 1"));
        Assert.NotEqual(secrets.Check, others.Check);
    }

    [Fact]
    public void The_systems_SQLite_is_used_when_it_is_recent_enough()
    {
        Assert.EndsWith("of the system", SystemSqlite.Use(), StringComparison.Ordinal);
        Assert.Equal(IntPtr.Zero, SystemSqlite.Load(["no-such-library", "libc.so.6"]));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_directory_that_others_can_enter_is_refused_by_name(UnixFileMode open)
    {
        File.SetUnixFileMode(_directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | open);
        var refused = Assert.Throws<OperatorException>(() => DataDirectory.Open(_directory.Path));
        Assert.EndsWith($"chmod 700 {_directory.Path}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_whose_socket_cannot_have_a_name_is_refused()
    {
        string deep = Path.Combine(_directory.Path, new string('d', 100));
        Assert.Contains("use a shorter --data", Assert.Throws<OperatorException>(() => DataDirectory.Create(deep)).Message, StringComparison.Ordinal);
    }

    private static StoredNetwork Save(NetworkStore store, StoredNetwork from, NetworkState to) => store.Database.Write((connection, transaction) =>
    {
        var saved = StateWriter.Write(connection, transaction, from, to);
        store.Audit.Append(connection, transaction, saved.Organisation, Audit, to.Revision);
        return saved;
    });

    private void Change(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }
}
