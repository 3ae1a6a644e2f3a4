using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>Keeps the networks of all organisations, and opens what belongs to them: the key of their secrets and the audit log.</summary>
internal sealed class NetworkStore : IDisposable
{
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

    /// <summary>Names the history that revisions count in, by <see cref="History"/>; the same for all servers on this database.</summary>
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
            var store = new NetworkStore(database, secrets, database.Write(History.Begin), time);
            database.Write(store.Audit.Begin);
            return store;
        }
        catch
        {
            database.Dispose();
            throw;
        }
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
