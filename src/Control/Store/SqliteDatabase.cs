using System.Data;
using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Keyhole.Control;

/// <summary>
/// One SQLite file with two connections: one writes, one reads what was committed. WAL with synchronous=FULL: what was
/// committed survives a power cut, and a kill -9 at any moment leaves the last committed state.
/// </summary>
internal sealed class SqliteDatabase : Database
{
    private const int SqliteFull = 13;
    private const int SqliteConstraintPrimaryKey = 1555;
    private const int SqliteConstraintUnique = 2067;
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly Lock _writing = new();
    private readonly Lock _reading = new();
    private readonly SqliteConnection _writer;
    private readonly SqliteConnection _reader;
    private readonly List<(string Channel, string Payload)> _unsent = [];

    private SqliteDatabase(string path)
    {
        _path = path;
        _writer = Connect(path);
        _reader = Connect(path);
    }

    public override string Name => _path;

    public override string Engine => $"SQLite {SystemSqlite.Use()}";

    public override bool IsShared => false;

    /// <summary>There is one writer at a time.</summary>
    public override string LockClause => "";

    protected override string BeginSnapshot => "BEGIN";

    /// <summary>Opens the file, makes it where there is none, and brings its schema to the newest version.</summary>
    /// <param name="beforeUpgrade">Called before the schema of a database that is not new is changed; may refuse.</param>
    /// <exception cref="OperatorException">The file is damaged, or a newer program has written it.</exception>
    public static SqliteDatabase Open(string path, IReadOnlyList<Migration> migrations, Action<Database, DbConnection, DbTransaction>? beforeUpgrade = null)
    {
        SystemSqlite.Use();
        // SQLite gives its WAL the mode of the database: made here, both are for the owner only.
        if (!File.Exists(path))
            new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = FileMode600 }).Dispose();
        var database = new SqliteDatabase(path) { BeforeUpgrade = beforeUpgrade };
        try
        {
            database.OpenBoth(migrations);
            return database;
        }
        catch (SqliteException error)
        {
            database.Dispose();
            throw new OperatorException($"the database {path} cannot be used: {error.Message}");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public override T Read<T>(Func<DbConnection, T> read)
    {
        lock (_reading)
            return read(_reader);
    }

    /// <summary>On a connection of its own: what takes long keeps nobody waiting.</summary>
    public override T ReadSnapshot<T>(Func<DbConnection, T> read)
    {
        using var connection = Connect(_path);
        connection.Open();
        connection.Execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000;");
        return WithSnapshot(connection, read);
    }

    public override T Write<T>(Func<DbConnection, DbTransaction, T> write)
    {
        T result;
        List<(string Channel, string Payload)> sent;
        lock (_writing)
        {
            _unsent.Clear();
            try
            {
                using var transaction = _writer.BeginTransaction();
                result = write(_writer, transaction);
                Commit(transaction);
            }
            catch (SqliteException error) when (error.SqliteExtendedErrorCode is SqliteConstraintPrimaryKey or SqliteConstraintUnique)
            {
                throw new OperatorException(TakenText);
            }
            catch (SqliteException error)
            {
                throw new StorageException(error.SqliteErrorCode == SqliteFull
                    ? $"the disk of {_path} is full: nothing was changed; make room and try again"
                    : $"the database refused the change, nothing was changed: {error.Message}", error.SqliteErrorCode == SqliteFull);
            }

            sent = [.. _unsent];
        }

        foreach (var (channel, payload) in sent)
            Raise(channel, payload);
        return result;
    }

    public override void Notify(DbConnection connection, DbTransaction transaction, string channel, string payload) => _unsent.Add((channel, payload));

    public override Task NotifyAsync(string channel, string payload, CancellationToken cancelled)
    {
        Raise(channel, payload);
        return Task.CompletedTask;
    }

    public override IReadOnlyList<string> TablesOf(DbConnection connection, DbTransaction? transaction) =>
        [.. connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid", transaction: transaction)];

    /// <summary>SQLite does so by itself, but for the numbers of deleted organisations: these stand in the audit log only.</summary>
    public override void SetCounters(DbConnection connection, DbTransaction transaction)
    {
        const string Last = "SELECT coalesce(max(organisation), 0) FROM audit";
        connection.Execute("INSERT INTO sqlite_sequence (name, seq) SELECT 'organisation', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'organisation')", transaction: transaction);
        connection.Execute($"UPDATE sqlite_sequence SET seq = max(seq, ({Last})) WHERE name = 'organisation'", transaction: transaction);
    }

    public override void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    /// <summary>
    /// SQLite rolls back by itself when the disk is full at the commit. The driver does not notice, would roll back once more when
    /// it disposes of the transaction, fail, and take the transaction for open for ever: so there is one again.
    /// </summary>
    private void Commit(SqliteTransaction transaction)
    {
        try
        {
            transaction.Commit();
        }
        catch (SqliteException)
        {
            if (raw.sqlite3_get_autocommit(_writer.Handle) != 0)
                _writer.Execute("BEGIN;", transaction: transaction, commandType: CommandType.Text);
            throw;
        }
    }

    private static SqliteConnection Connect(string path) => new(new SqliteConnectionStringBuilder
    {
        DataSource = path,
        Mode = SqliteOpenMode.ReadWrite,
        ForeignKeys = true,
        Pooling = false,
    }.ToString());

    private void OpenBoth(IReadOnlyList<Migration> migrations)
    {
        _writer.Open();
        _writer.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000;");
        using (var transaction = _writer.BeginTransaction())
        {
            Migrate(_writer, transaction, migrations, "INTEGER PRIMARY KEY AUTOINCREMENT");
            transaction.Commit();
        }

        _reader.Open();
        _reader.Execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000;");
    }
}
