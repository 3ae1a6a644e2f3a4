using System.Data;
using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>
/// Where everything is kept. Statements are written so that SQLite and PostgreSQL both take them: no dialect, no reserved names,
/// numbers for booleans and times.
/// </summary>
internal abstract class Database : IDisposable
{
    /// <summary>The channel on which <see cref="Notified"/> says that others may have been missed.</summary>
    public const string GapChannel = "gap";

    protected const string TakenText = "another server has just made the same: nothing was changed; look, and try again";

    static Database() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <summary>Something was written: the channel and the text that <see cref="Notify"/> was given, after the commit, by whichever process.</summary>
    public event Action<string, string>? Notified;

    /// <summary>A listener of <see cref="Notified"/> has thrown, or listening itself has: a fault of the program, for the log.</summary>
    public event Action<Exception>? ListenerFailed;

    /// <summary>For messages: the path of the file, or the server and the database on it; no password.</summary>
    public abstract string Name { get; }

    /// <summary>The engine and its version, for the log.</summary>
    public abstract string Engine { get; }

    /// <summary>Whether several servers use it at once.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Called within the transaction that is about to change the schema of a database that is not new.</summary>
    protected Action<Database, DbConnection, DbTransaction>? BeforeUpgrade { get; init; }

    /// <summary>Behind a SELECT of a writing transaction: nobody else changes these rows until it is over.</summary>
    public abstract string LockClause { get; }

    /// <summary>Starts a transaction that sees one moment, by an SQL text.</summary>
    protected abstract string BeginSnapshot { get; }

    /// <summary>Reads what was committed. Several statements may see several moments.</summary>
    public abstract T Read<T>(Func<DbConnection, T> read);

    /// <summary>Reads several things of one moment.</summary>
    public virtual T ReadSnapshot<T>(Func<DbConnection, T> read) => Read(connection => WithSnapshot(connection, read));

    protected T WithSnapshot<T>(DbConnection connection, Func<DbConnection, T> read)
    {
        connection.Execute(BeginSnapshot, commandType: CommandType.Text);
        try
        {
            return read(connection);
        }
        finally
        {
            connection.Execute("ROLLBACK", commandType: CommandType.Text);
        }
    }

    /// <summary>Runs one transaction, durable when this returns; an exception of the function rolls everything back and goes on to the caller.</summary>
    /// <exception cref="StorageException">The disk is full, or the database refuses or is away: nothing was changed.</exception>
    /// <exception cref="OperatorException">Something of this name was made a moment before, or a text cannot be stored: nothing was changed.</exception>
    public abstract T Write<T>(Func<DbConnection, DbTransaction, T> write);

    /// <summary>As <see cref="Write{T}"/>, for what has no result.</summary>
    public void Write(Action<DbConnection, DbTransaction> write) => Write((connection, transaction) =>
    {
        write(connection, transaction);
        return true;
    });

    /// <summary>Tells all processes when the transaction is committed, and nobody when it is not.</summary>
    public abstract void Notify(DbConnection connection, DbTransaction transaction, string channel, string payload);

    /// <summary>Tells all processes at once, without a change of the database.</summary>
    /// <exception cref="OperatorException">The database is away.</exception>
    public abstract Task NotifyAsync(string channel, string payload, CancellationToken cancelled);

    /// <summary>The tables, in the order in which they were made: what is referred to comes first.</summary>
    public abstract IReadOnlyList<string> TablesOf(DbConnection connection, DbTransaction? transaction);

    /// <summary>Lets columns that number their rows go on behind the numbers that were written by hand.</summary>
    public abstract void SetCounters(DbConnection connection, DbTransaction transaction);

    public abstract void Dispose();

    /// <summary>Tells who listens. What fails there neither undoes what is committed nor ends the listening.</summary>
    protected void Raise(string channel, string payload)
    {
        foreach (var listener in (Delegate[])(Notified?.GetInvocationList() ?? []))
        {
            try
            {
                ((Action<string, string>)listener)(channel, payload);
            }
            catch (Exception error)
            {
                Fault(error);
            }
        }
    }

    protected void Fault(Exception error) => ListenerFailed?.Invoke(error);

    /// <param name="identity">The type of a column that numbers its rows, in this dialect.</param>
    /// <exception cref="OperatorException">A newer program, or none of ours, has written this database.</exception>
    protected void Migrate(DbConnection connection, DbTransaction transaction, IReadOnlyList<Migration> migrations, string identity)
    {
        connection.Execute("""
            CREATE TABLE IF NOT EXISTS migration (
                version BIGINT PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL
            )
            """, transaction: transaction);
        var applied = connection.Query<(long Version, string Name, string Checksum)>("SELECT version, name, checksum FROM migration ORDER BY version", transaction: transaction).ToList();
        foreach (var (version, name, checksum) in applied)
        {
            var known = migrations.FirstOrDefault(migration => migration.Version == version)
                ?? throw new OperatorException($"the database {Name} has schema version {applied[^1].Version}, this program knows up to {migrations[^1].Version}: a newer keyhole-control has written it; run that version, or restore a backup made before the upgrade");
            if (known.Checksum != checksum)
                throw new OperatorException($"the database {Name} was given another text of schema version {version} ({name}): it was not made by a release; restore a backup");
        }

        var missing = migrations.Where(migration => applied.All(done => done.Version != migration.Version)).ToList();
        if (applied.Count != 0 && missing.Count != 0)
            BeforeUpgrade?.Invoke(this, connection, transaction);
        foreach (var migration in missing)
        {
            connection.Execute(migration.Sql.Replace("$IDENTITY", identity, StringComparison.Ordinal), transaction: transaction);
            connection.Execute("INSERT INTO migration (version, name, checksum) VALUES (@Version, @Name, @Checksum)", new { migration.Version, migration.Name, migration.Checksum }, transaction);
        }
    }
}
