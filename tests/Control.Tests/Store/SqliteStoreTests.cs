using System.Text;
using Dapper;

namespace Keyhole.Control.Tests;

public sealed class SqliteStoreTests : StoreTests
{
    private protected override Task<string?> NewDatabaseAsync() => Task.FromResult<string?>(null);

    private protected override Database OpenDatabase(string? database, IReadOnlyList<Migration> migrations) => SqliteDatabase.Open(Directory.Database, migrations);

    [Fact]
    public void A_full_disk_changes_nothing_and_says_so()
    {
        var state = Samples.AcmeNetwork();
        using var store = NetworkStore.Open(Directory, TimeProvider.System);
        var stored = Save(store, StoredNetwork.None, state);
        store.Database.Write((connection, transaction) => connection.Execute("PRAGMA max_page_count = 1", transaction: transaction));
        var text = new StringBuilder(Samples.Acme.Replace("machines: [ci]", $"machines: [ci, {string.Join(", ", Enumerable.Range(0, 2000).Select(i => $"m{i}"))}]", StringComparison.Ordinal));
        var refused = Assert.ThrowsAny<OperatorException>(() => Save(store, stored, Samples.Apply(state, text.ToString())));
        Assert.Contains("is full: nothing was changed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(stored, store.Load(stored.Organisation));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(Directory.Database, new string('x', 8192));
        Assert.Contains("cannot be used", Assert.ThrowsAny<OperatorException>(() => NetworkStore.Open(Directory, TimeProvider.System)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_committed_survives_a_power_cut_and_references_are_checked()
    {
        using var database = SqliteDatabase.Open(Directory.Database, Migration.All);
        Assert.Equal(("wal", 2L, 1L), database.Write((connection, transaction) => (
            connection.QuerySingle<string>("PRAGMA journal_mode", transaction: transaction),
            connection.QuerySingle<long>("PRAGMA synchronous", transaction: transaction),
            connection.QuerySingle<long>("PRAGMA foreign_keys", transaction: transaction))));
    }

    [Fact]
    public void The_systems_SQLite_is_used_when_it_is_recent_enough()
    {
        Assert.EndsWith("of the system", SystemSqlite.Use(), StringComparison.Ordinal);
        Assert.Equal(IntPtr.Zero, SystemSqlite.Load(["no-such-library", "libc.so.6"]));
    }
}
