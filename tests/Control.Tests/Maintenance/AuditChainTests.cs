using System.Globalization;
using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>What was done to the audit log by hand is found. Runs on SQLite; the rows are the same on PostgreSQL.</summary>
public sealed class AuditChainTests : IDisposable
{
    private const int Count = 6;

    private readonly DataDirectory _directory = DataDirectory.Create(RunningControl.NewDirectory());
    private readonly NetworkStore _store;

    public AuditChainTests()
    {
        _store = NetworkStore.Open(_directory, TimeProvider.System);
        for (int i = 1; i <= Count; i++)
            Append(new AuditEntry(new Actor("user ann@example.com", "192.0.2.1"), "add", $"site s{i}", i % 2 == 0 ? "before" : null, $"after {i}"));
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_directory.Path, recursive: true);
    }

    private void Append(AuditEntry entry) => _store.Database.Write((connection, transaction) => _store.Audit.Append(connection, transaction, null, entry));

    private AuditReport Verify() => _store.Database.ReadSnapshot(connection => AuditCheck.Run(connection, _store.Audit));

    private void ByHand(string sql) => _store.Database.Write((connection, transaction) => { connection.Execute(sql, transaction: transaction); });

    [Fact]
    public void What_the_server_wrote_is_unbroken_also_while_it_grows()
    {
        var first = Verify();
        Assert.Equal((Count, null), (first.Count, first.Problem));
        Append(new AuditEntry(Actor.Operator, "add", "site more"));
        var second = Verify();
        Assert.Equal((Count + 1, null), (second.Count, second.Problem));
        Assert.NotEqual(first.Head, second.Head);
    }

    [Theory]
    [InlineData("UPDATE audit SET actor = 'user eve@example.com' WHERE number = 3", "row 3 is not as it was written")]
    [InlineData("UPDATE audit SET at = at + 1 WHERE number = 1", "row 1 is not as it was written")]
    [InlineData("UPDATE audit SET organisation = 1 WHERE number = 2", "row 2 is not as it was written")]
    [InlineData("UPDATE audit SET old_value = '' WHERE number = 1", "row 1 is not as it was written")]
    [InlineData("UPDATE audit SET subject = 'add' || subject, action = '' WHERE number = 4", "row 4 is not as it was written")]
    [InlineData("UPDATE audit SET address = NULL WHERE number = 6", "row 6 is not as it was written")]
    [InlineData("DELETE FROM audit WHERE number = 4", "row 4 is missing")]
    [InlineData("DELETE FROM audit WHERE number IN (2, 3)", "rows 2 to 3 are missing")]
    [InlineData("DELETE FROM audit WHERE number = 1", "row 1 is missing")]
    [InlineData("DELETE FROM audit WHERE number > 4", "rows 5 to 6 are missing")]
    [InlineData("DELETE FROM audit", "rows 1 to 6 are missing")]
    [InlineData("UPDATE audit SET number = -5 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = -5", "row 4 is not as it was written")]
    [InlineData("INSERT INTO audit SELECT 7, at, organisation, actor, address, action, subject, old_value, new_value, revision, hash FROM audit WHERE number = 6", "row 7 is not as it was written")]
    [InlineData("DELETE FROM audit_head", "the end of the chain is missing")]
    [InlineData("DELETE FROM audit WHERE number = 6; UPDATE audit_head SET number = 5, hash = (SELECT hash FROM audit WHERE number = 5)", "the end of the chain was written by something that does not have this server's key")]
    public void A_changed_removed_exchanged_or_added_row_is_found(string sql, string expected)
    {
        ByHand(sql);
        Assert.Equal(expected, Verify().Problem);
    }

    [Fact]
    public void A_chain_that_was_written_anew_from_end_to_end_is_found_by_its_seal()
    {
        // Whoever can write the database can calculate hashes, but not the seal.
        var rows = _store.Database.Read(connection => AuditLog.ReadAll(connection).ToList());
        string hash = AuditChain.Start;
        foreach (var row in rows)
        {
            var forged = row with { Actor = "user eve@example.com" };
            hash = AuditChain.HashOf(hash, forged);
            ByHand(string.Create(CultureInfo.InvariantCulture, $"UPDATE audit SET actor = '{forged.Actor}', hash = '{hash}' WHERE number = {row.Number}"));
        }

        ByHand($"UPDATE audit_head SET hash = '{hash}'");
        Assert.Equal("the end of the chain was written by something that does not have this server's key", Verify().Problem);
    }

    [Fact]
    public void A_row_that_was_added_with_the_right_hash_is_found_by_the_end()
    {
        var last = _store.Database.Read(connection => AuditLog.ReadAll(connection).Last());
        string hash = AuditChain.HashOf(last.Hash, last with { Number = Count + 1 });
        ByHand($"INSERT INTO audit SELECT {Count + 1}, at, organisation, actor, address, action, subject, old_value, new_value, revision, '{hash}' FROM audit WHERE number = {Count}");
        Assert.Equal($"rows from {Count + 1} on were not written by this server", Verify().Problem);
    }
}
