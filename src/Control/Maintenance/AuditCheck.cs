using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Keyhole.Control;

/// <summary>Follows the chain of the audit log from its first row to its sealed end.</summary>
internal static class AuditCheck
{
    /// <param name="connection">Sees one moment.</param>
    public static AuditReport Run(DbConnection connection, AuditLog log)
    {
        long count = 0;
        string hash = AuditChain.Start;
        string? problem = null;
        foreach (var row in AuditLog.ReadAll(connection))
        {
            count++;
            if (problem is not null)
                continue;
            if (row.Number != count)
                problem = row.Number == count + 1 ? Text($"row {count} is missing") : Text($"rows {count} to {row.Number - 1} are missing");
            else if (AuditChain.HashOf(hash, row) != row.Hash)
                problem = Text($"row {count} is not as it was written");
            hash = row.Hash;
        }

        return new AuditReport(count, hash, problem ?? CheckEnd(connection, log, count, hash));
    }

    private static string? CheckEnd(DbConnection connection, AuditLog log, long count, string hash)
    {
        var heads = connection.Query<(long Number, string Hash, string Seal)>("SELECT number, hash, seal FROM audit_head").ToList();
        return heads switch
        {
            [] => "the end of the chain is missing",
            [var head] when head.Seal != log.SealOf(head.Number, head.Hash) => "the end of the chain was written by something that does not have this server's key",
            [var head] when head.Number > count => Text($"rows {count + 1} to {head.Number} are missing"),
            [var head] when head.Number < count => Text($"rows from {head.Number + 1} on were not written by this server"),
            [var head] when head.Hash != hash => Text($"row {count} is not as it was written"),
            _ => null,
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
