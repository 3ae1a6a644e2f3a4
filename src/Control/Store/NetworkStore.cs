using Dapper;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control;

/// <summary>Keeps the network on disk. Used by one caller at a time.</summary>
internal sealed class NetworkStore : IDisposable
{
    private const int SqliteFull = 13;

    private readonly Database _database;
    private readonly TimeProvider _time;

    private NetworkStore(Database database, SecretBox secrets, TimeProvider time)
    {
        _database = database;
        _time = time;
        Secrets = secrets;
    }

    public SecretBox Secrets { get; }

    /// <exception cref="OperatorException">Database and key file do not fit, or the database cannot be used.</exception>
    public static NetworkStore Open(DataDirectory directory, TimeProvider time)
    {
        var database = Database.Open(directory.Database, Migration.All);
        try
        {
            return new NetworkStore(database, OpenSecrets(database.Connection, directory), time);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public NetworkState Load() => StateReader.Read(_database.Connection);

    /// <summary>Makes the step from one state to the next durable, with its audit record, or changes nothing.</summary>
    /// <exception cref="OperatorException">The disk is full or refuses.</exception>
    public void Save(NetworkState from, NetworkState to, AuditEntry audit)
    {
        try
        {
            using var transaction = _database.Connection.BeginTransaction();
            new StateWriter(_database.Connection, transaction).Write(from, to);
            _database.Connection.Execute(
                "INSERT INTO audit (at, actor, action, subject, detail, revision) VALUES (@At, @Actor, @Action, @Subject, @Detail, @Revision)",
                new { At = _time.GetUtcNow().ToUnixTimeMilliseconds(), audit.Actor, audit.Action, audit.Subject, audit.Detail, to.Revision },
                transaction);
            transaction.Commit();
        }
        catch (SqliteException error)
        {
            throw new OperatorException(error.SqliteErrorCode == SqliteFull
                ? $"the disk of {_database.Connection.DataSource} is full: nothing was changed; make room and try again"
                : $"the database refused the change, nothing was changed: {error.Message}");
        }
    }

    public void Dispose()
    {
        Secrets.Dispose();
        _database.Dispose();
    }

    /// <summary>The key file belongs to the database; a new one is made only together with a new database.</summary>
    private static SecretBox OpenSecrets(SqliteConnection connection, DataDirectory directory)
    {
        string? check = connection.QueryFirstOrDefault<string>("SELECT value FROM setting WHERE name = 'key-check'");
        byte[]? key = KeyFile.Read(directory.KeyFile);
        if (check is not null && key is null)
            throw new OperatorException($"{directory.KeyFile} is missing: the secrets in {directory.Database} are sealed with it; restore it from your backup");
        var secrets = new SecretBox(key ?? KeyFile.Create(directory.KeyFile));
        if (check is null)
            connection.Execute("INSERT INTO setting VALUES ('key-check', @Check)", new { secrets.Check });
        else if (check != secrets.Check)
        {
            secrets.Dispose();
            throw new OperatorException($"{directory.KeyFile} is not the key of {directory.Database}: restore both from the same backup");
        }

        return secrets;
    }
}
