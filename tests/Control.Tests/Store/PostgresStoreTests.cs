using Dapper;
using Npgsql;

namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresStoreTests(PostgresServer server) : StoreTests
{
    private protected override async Task<string?> NewDatabaseAsync() => await server.CreateAsync();

    private protected override Database OpenDatabase(string? database, IReadOnlyList<Migration> migrations) => PostgresDatabase.Open(database!, migrations);

    [Fact]
    public async Task A_read_survives_that_the_server_has_closed_the_connections_of_the_pool()
    {
        string source = await server.CreateAsync();
        using var database = PostgresDatabase.Open(source, Migration.All);
        Assert.Equal(1, database.Read(connection => connection.ExecuteScalar<long>("SELECT 1")));
        await using (var other = new NpgsqlConnection($"{source};Pooling=false"))
        {
            await other.OpenAsync();
            Assert.NotEqual(0, await other.ExecuteScalarAsync<long>("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"));
        }

        Assert.Equal(2, database.Read(connection => connection.ExecuteScalar<long>("SELECT 2")));
        Assert.Equal(3, database.Write((connection, transaction) => connection.ExecuteScalar<long>("SELECT 3", transaction: transaction)));
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_text_that_it_cannot_hold_is_no_fault_of_the_database()
    {
        using var database = PostgresDatabase.Open(await server.CreateAsync(), Migration.All);
        Assert.Contains("cannot be stored", Assert.Throws<OperatorException>(() => database.Read(connection => connection.Query("SELECT id FROM account WHERE email_key = @Key", new { Key = "a\0" }))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be stored", Assert.Throws<OperatorException>(() => database.Write((connection, transaction) =>
            connection.Execute("UPDATE account SET email_key = @Key", new { Key = "a\0" }, transaction))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=/nowhere;Database=keyhole;Password=s3cret-word;Timeout=2", "cannot be used")]
    [InlineData("Database=keyhole;Password=s3cret-word", "names no Host or no Database")]
    [InlineData("nonsense s3cret-word", "is not understood")]
    [InlineData("Host=x;Database=y;Nonsense=s3cret-word", "is not understood")]
    public void A_connection_string_that_does_not_work_is_refused_without_its_password(string text, string expected)
    {
        var refused = Assert.ThrowsAny<OperatorException>(() => PostgresDatabase.Open(text, Migration.All));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret-word", refused.Message, StringComparison.Ordinal);
    }
}
