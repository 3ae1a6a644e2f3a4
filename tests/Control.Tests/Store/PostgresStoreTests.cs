namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresStoreTests(PostgresServer server) : StoreTests
{
    private protected override async Task<string?> NewDatabaseAsync() => await server.CreateAsync();

    private protected override Database OpenDatabase(string? database, IReadOnlyList<Migration> migrations) => PostgresDatabase.Open(database!, migrations);

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
