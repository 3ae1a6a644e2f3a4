using Dapper;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control;

/// <summary>
/// The one connection to the SQLite file. WAL with synchronous=FULL: what was committed survives a power cut, and a kill -9 at
/// any moment leaves the last committed state.
/// </summary>
internal sealed class Database : IDisposable
{
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private Database(SqliteConnection connection) => Connection = connection;

    public SqliteConnection Connection { get; }

    /// <summary>Opens the file, makes it where there is none, and brings its schema to the newest version.</summary>
    /// <exception cref="OperatorException">The file is damaged, or a newer program has written it.</exception>
    public static Database Open(string path, IReadOnlyList<Migration> migrations)
    {
        SystemSqlite.Use();
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        // SQLite gives its WAL the mode of the database: made here, both are for the owner only.
        if (!File.Exists(path))
            new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = FileMode600 }).Dispose();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            ForeignKeys = true,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000;");
            Migrate(connection, path, migrations);
            return new Database(connection);
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw new OperatorException($"the database {path} cannot be used: {error.Message}");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Dispose() => Connection.Dispose();

    private static void Migrate(SqliteConnection connection, string path, IReadOnlyList<Migration> migrations)
    {
        using var transaction = connection.BeginTransaction();
        connection.Execute("""
            CREATE TABLE IF NOT EXISTS migration (
                version INTEGER PRIMARY KEY,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL
            )
            """, transaction: transaction);
        var applied = connection.Query<(long Version, string Name, string Checksum)>("SELECT version, name, checksum FROM migration ORDER BY version", transaction: transaction).ToList();
        foreach (var (version, name, checksum) in applied)
        {
            var known = migrations.FirstOrDefault(migration => migration.Version == version)
                ?? throw new OperatorException($"the database {path} has schema version {applied[^1].Version}, this program knows up to {migrations[^1].Version}: a newer keyhole-control has written it; run that version, or restore a backup made before the upgrade");
            if (known.Checksum != checksum)
                throw new OperatorException($"the database {path} was given another text of schema version {version} ({name}): it was not made by a release; restore a backup");
        }

        foreach (var migration in migrations.Where(migration => applied.All(done => done.Version != migration.Version)))
        {
            connection.Execute(migration.Sql, transaction: transaction);
            connection.Execute("INSERT INTO migration (version, name, checksum) VALUES (@Version, @Name, @Checksum)", migration, transaction);
        }

        transaction.Commit();
    }
}
