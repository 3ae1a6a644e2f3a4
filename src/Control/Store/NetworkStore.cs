using System.Data.Common;
using System.Security.Cryptography;
using Dapper;

namespace Keyhole.Control;

/// <summary>Keeps the networks of all organisations, and opens what belongs to them: the key of their secrets and the audit log.</summary>
internal sealed class NetworkStore : IDisposable
{
    private const int LineageLength = 32;

    /// <summary>How many identifiers an organisation may have given between a backup and its loss: a thousandth of what there are, so that it can be restored hundreds of times.</summary>
    private const int UnknownIdentifiers = 2_000_000;

    private NetworkStore(Database database, SecretBox secrets, string lineage, TimeProvider time)
    {
        Database = database;
        Secrets = secrets;
        Lineage = lineage;
        Audit = new AuditLog(secrets, time);
    }

    public Database Database { get; }

    public SecretBox Secrets { get; }

    public AuditLog Audit { get; }

    /// <summary>
    /// Names the history that revisions count in: 32 lower-case hexadecimal digits, the same for all servers on this database. A restored one has another, since
    /// its revisions were given before, for other tables.
    /// </summary>
    public string Lineage { get; }

    /// <exception cref="OperatorException">Database and key file do not fit, or the database cannot be used.</exception>
    /// <param name="connectionString">Of a PostgreSQL database; null: the SQLite file in the directory.</param>
    public static NetworkStore Open(DataDirectory directory, TimeProvider time, string? connectionString = null)
    {
        void BackUp(Database upgraded, DbConnection connection, DbTransaction transaction) => Backups.BeforeUpgrade(directory, upgraded, connection, transaction, time.GetUtcNow());
        Database database = connectionString is null
            ? SqliteDatabase.Open(directory.Database, Migration.All, BackUp)
            : PostgresDatabase.Open(connectionString, Migration.All, BackUp);
        try
        {
            var secrets = OpenSecrets(database, directory);
            var store = new NetworkStore(database, secrets, database.Write(LineageOf), time);
            database.Write(store.Audit.Begin);
            return store;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Ends a history: who opens the database next begins another. What was made after the backup is unknown here, so identifiers go on far behind all that can
    /// have been given: a host would take a user with a number that it knows for the one whose account it made.
    /// </summary>
    public static void EndHistory(DbConnection connection, DbTransaction transaction)
    {
        connection.Execute("DELETE FROM setting WHERE name = 'lineage'", transaction: transaction);
        connection.Execute("UPDATE organisation SET next_id = next_id + @UnknownIdentifiers", new { UnknownIdentifiers }, transaction);
    }

    /// <summary>The identifiers of all organisations.</summary>
    public IReadOnlyList<int> Organisations() => Database.Read(connection => connection.Query<int>("SELECT id FROM organisation ORDER BY id").ToList());

    /// <summary>Null when there is no such organisation any more.</summary>
    public StoredNetwork? Load(int organisation) => Database.ReadSnapshot(connection => ChangeNumberOf(connection, organisation) is null ? null : StateReader.Read(connection, organisation, null));

    /// <summary>Null when there is no such organisation any more.</summary>
    public static long? ChangeNumberOf(DbConnection connection, int organisation) =>
        connection.QuerySingleOrDefault<long?>("SELECT change_number FROM organisation WHERE id = @organisation", new { organisation });

    /// <summary>Locks the network until the end of the transaction, and reads it again where another process has changed it.</summary>
    /// <param name="known">What this process believes.</param>
    /// <exception cref="OperatorException">The organisation was deleted.</exception>
    public StoredNetwork Lock(DbConnection connection, DbTransaction transaction, StoredNetwork known)
    {
        if (known.Organisation == 0)
            return known;
        long? number = connection.QuerySingleOrDefault<long?>(
            $"SELECT change_number FROM organisation WHERE id = @Organisation{Database.LockClause}", new { known.Organisation }, transaction);
        if (number is null)
            throw new OperatorException($"the organisation {known.State.Organisation} does not exist any more");
        return number == known.ChangeNumber ? known : StateReader.Read(connection, known.Organisation, transaction);
    }

    public void Dispose()
    {
        Secrets.Dispose();
        Database.Dispose();
    }

    /// <summary>Of several servers that open a new database at once, one is first.</summary>
    private static string LineageOf(DbConnection connection, DbTransaction transaction)
    {
        connection.Execute(
            "INSERT INTO setting (name, content) VALUES ('lineage', @New) ON CONFLICT (name) DO NOTHING",
            new { New = RandomNumberGenerator.GetHexString(LineageLength, lowercase: true) }, transaction);
        return connection.QuerySingle<string>("SELECT content FROM setting WHERE name = 'lineage'", transaction: transaction);
    }

    /// <summary>The key file belongs to the database; a new one is made only together with a new database.</summary>
    private static SecretBox OpenSecrets(Database database, DataDirectory directory)
    {
        string? check = database.Read(connection => connection.QueryFirstOrDefault<string>("SELECT content FROM setting WHERE name = 'key-check'"));
        byte[]? key = KeyFile.Read(directory.KeyFile);
        if (check is not null && key is null)
            throw new OperatorException($"{directory.KeyFile} is missing: the secrets in {database.Name} are sealed with it; restore it from your backup, or copy it from another server on this database");
        var secrets = new SecretBox(key ?? KeyFile.Create(directory.KeyFile));
        if (check is null)
        {
            database.Write((connection, transaction) => connection.Execute("INSERT INTO setting (name, content) VALUES ('key-check', @Check)", new { secrets.Check }, transaction));
        }
        else if (check != secrets.Check)
        {
            secrets.Dispose();
            throw new OperatorException($"{directory.KeyFile} is not the key of {database.Name}: restore both from the same backup");
        }

        return secrets;
    }
}
