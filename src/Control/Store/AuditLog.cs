using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Keyhole.Control;

/// <summary>Writes and reads the audit log of the whole server.</summary>
internal sealed class AuditLog(SecretBox secrets, TimeProvider time)
{
    /// <summary>Begins the chain in a new database.</summary>
    public void Begin(DbConnection connection, DbTransaction transaction) => connection.Execute(
        "INSERT INTO audit_head (id, number, hash, seal) VALUES (1, 0, @Hash, @Seal) ON CONFLICT (id) DO NOTHING",
        new { Hash = AuditChain.Start, Seal = SealOf(0, AuditChain.Start) }, transaction);

    /// <summary>Adds a row at the end, within the transaction of the change that it tells about.</summary>
    /// <param name="organisation">Null for what concerns the whole server: accounts, logins.</param>
    /// <param name="revision">Of the organisation's network after the change; null where it did not change.</param>
    public void Append(DbConnection connection, DbTransaction transaction, int? organisation, AuditEntry entry, long? revision = null)
    {
        // Taking the end of the chain first makes writers of other processes wait here.
        connection.Execute("UPDATE audit_head SET number = number + 1 WHERE id = 1", transaction: transaction);
        var (number, previous) = connection.QuerySingle<(long, string)>("SELECT number, hash FROM audit_head WHERE id = 1", transaction: transaction);
        var row = new AuditRow(
            number, DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()), organisation,
            entry.Actor.Name, entry.Actor.Address, entry.Action, entry.Subject, entry.Before, entry.After, revision, "");
        row = row with { Hash = AuditChain.HashOf(previous, row) };
        connection.Execute(
            """
            INSERT INTO audit (number, at, organisation, actor, address, action, subject, old_value, new_value, revision, hash)
            VALUES (@Number, @At, @Organisation, @Actor, @Address, @Action, @Subject, @Before, @After, @Revision, @Hash)
            """,
            new { row.Number, At = row.At.ToUnixTimeMilliseconds(), row.Organisation, row.Actor, row.Address, row.Action, row.Subject, row.Before, row.After, row.Revision, row.Hash },
            transaction);
        connection.Execute("UPDATE audit_head SET hash = @Hash, seal = @Seal WHERE id = 1", new { row.Hash, Seal = SealOf(number, row.Hash) }, transaction);
    }

    /// <summary>The newest rows first.</summary>
    /// <param name="organisation">Null for the rows of all organisations and of the server.</param>
    /// <param name="before">Only rows with smaller numbers; null from the end on.</param>
    public static IReadOnlyList<AuditRow> Read(DbConnection connection, int? organisation, long? before, int limit) =>
        [.. connection.Query<RowRecord>(
            $"""
            SELECT * FROM audit WHERE number < @Before {(organisation is null ? "" : "AND organisation = @Organisation")}
            ORDER BY number DESC LIMIT @Limit
            """,
            new { Before = before ?? long.MaxValue, Organisation = organisation, Limit = limit }).Select(ToRow)];

    /// <summary>All rows, oldest first.</summary>
    public static IEnumerable<AuditRow> ReadAll(DbConnection connection) =>
        connection.Query<RowRecord>("SELECT * FROM audit ORDER BY number", buffered: false).Select(ToRow);

    /// <summary>Proves the end of the chain: made with the key outside of the database.</summary>
    public string SealOf(long number, string hash) => secrets.Authenticate(string.Create(CultureInfo.InvariantCulture, $"audit head {number} {hash}"));

    private static AuditRow ToRow(RowRecord row) => new(
        row.Number, DateTimeOffset.FromUnixTimeMilliseconds(row.At), (int?)row.Organisation, row.Actor, row.Address, row.Action, row.Subject,
        row.OldValue, row.NewValue, row.Revision, row.Hash);

    private sealed class RowRecord
    {
        public long Number { get; init; }
        public long At { get; init; }
        public long? Organisation { get; init; }
        public string Actor { get; init; } = "";
        public string? Address { get; init; }
        public string Action { get; init; } = "";
        public string Subject { get; init; } = "";
        public string? OldValue { get; init; }
        public string? NewValue { get; init; }
        public long? Revision { get; init; }
        public string Hash { get; init; } = "";
    }
}
