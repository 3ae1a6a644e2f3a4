using Dapper;

namespace Keyhole.Control;

/// <summary>Makes a database out of a backup, while no server runs on it.</summary>
internal static class Restoring
{
    /// <returns>How many rows there were, and of when they are.</returns>
    /// <exception cref="OperatorException">The backup is damaged or of a newer program, the key is missing or another, or the database is not empty.</exception>
    public static (long Rows, DateTimeOffset At) Run(string file, DataDirectory directory, string? connectionString, TimeProvider time)
    {
        using var reader = new BackupReader(file);
        var header = reader.Header;
        CheckKey(header, directory);
        var migrations = Migration.All.Where(migration => header.Migrations.ContainsKey(migration.Version)).ToList();
        if (header.Migrations.Count != migrations.Count)
            throw new OperatorException($"the backup has schema version {header.Migrations.Keys.Max()}, this program knows up to {Migration.All[^1].Version}: a newer keyhole-control has written it; restore it with that version");
        if (migrations.Find(migration => header.Migrations[migration.Version] != migration.Checksum) is { } other)
            throw new OperatorException($"the backup was made with another text of schema version {other.Version} ({other.Name}): it was not made by a release");
        if (connectionString is null && File.Exists(directory.Database))
            throw new OperatorException($"{directory.Database} is there already: a backup is restored into an empty place; move the file away, together with its -wal and -shm");

        long rows = Fill(reader, migrations, directory, connectionString);
        // From here on it is an old database that is opened by a new program.
        using var store = NetworkStore.Open(directory, time, connectionString);
        store.Database.Write((connection, transaction) => store.Audit.Append(
            connection, transaction, null, new AuditEntry(Actor.Operator, "restore", $"backup of {TimeSyntax.Format(header.CreatedAt)}")));
        return (rows, header.CreatedAt);
    }

    private static long Fill(BackupReader reader, List<Migration> migrations, DataDirectory directory, string? connectionString)
    {
        bool done = false;
        try
        {
            using Database database = connectionString is null ? SqliteDatabase.Open(directory.Database, migrations) : PostgresDatabase.Open(connectionString, migrations);
            long rows = database.Write((connection, transaction) =>
            {
                var tables = database.TablesOf(connection, transaction).Where(table => table != Migration.Table).ToList();
                if (tables.FirstOrDefault(table => connection.QuerySingle<long>($"SELECT count(*) FROM {table}", transaction: transaction) != 0) is { } full)
                    throw new OperatorException($"the database {database.Name} is not empty (table {full}): a backup is restored into an empty one");
                long count = reader.Fill(connection, transaction, tables);
                History.End(connection, transaction);
                database.SetCounters(connection, transaction);
                return count;
            });
            done = true;
            return rows;
        }
        finally
        {
            if (!done && connectionString is null)
            {
                foreach (string suffix in new[] { "", "-wal", "-shm" })
                    File.Delete(directory.Database + suffix);
            }
        }
    }

    private static void CheckKey(BackupHeader header, DataDirectory directory)
    {
        if (header.KeyCheck is null)
            return;
        byte[] key = KeyFile.Read(directory.KeyFile)
            ?? throw new OperatorException($"{directory.KeyFile} is missing: the secrets in the backup are sealed with it; put it there first, with mode 0600, from where you keep it apart from the backup");
        using var secrets = new SecretBox(key);
        if (secrets.Check != header.KeyCheck)
            throw new OperatorException($"{directory.KeyFile} is not the key of this backup: put the one there that the server had when the backup was made");
    }
}
