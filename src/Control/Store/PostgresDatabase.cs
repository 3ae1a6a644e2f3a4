using System.Data;
using System.Data.Common;
using Dapper;
using Npgsql;

namespace Keyhole.Control;

/// <summary>
/// A PostgreSQL database that several servers share: row locks instead of one writer, and NOTIFY on one channel to tell all of
/// them. What is committed is on the database server's disk.
/// </summary>
internal sealed class PostgresDatabase : Database
{
    private const string ListenChannel = "keyhole";

    /// <summary>Any number that all servers agree on: one of them migrates at a time.</summary>
    private const long MigrationLock = 0x6B65_7968_6F6C_6501;

    private const int Attempts = 3;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Threads that are there at once: a request blocks one while it reads or writes, and the driver needs another one to open a
    /// connection or to hand on a free one, which the pool would add at one or two a second.
    /// </summary>
    private const int MinimumThreads = 128;

    private readonly NpgsqlDataSource _source;
    private readonly CancellationTokenSource _stopped = new();
    private Task _listening = Task.CompletedTask;

    private PostgresDatabase(NpgsqlDataSource source, string name)
    {
        _source = source;
        Name = name;
    }

    public override string Name { get; }

    public override string Engine => $"PostgreSQL {Version}";

    public override bool IsShared => true;

    public override string LockClause => " FOR UPDATE";

    protected override string BeginSnapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private string Version { get; set; } = "unknown";

    /// <summary>Connects, and brings the schema to the newest version.</summary>
    /// <param name="connectionString">As Npgsql reads it: "Host=…;Database=…;Username=…;Password=…".</param>
    /// <param name="beforeUpgrade">Called before the schema of a database that is not new is changed; may refuse.</param>
    /// <exception cref="OperatorException">The server is away or refuses, or a newer program has written the database.</exception>
    public static PostgresDatabase Open(string connectionString, IReadOnlyList<Migration> migrations, Action<Database, DbConnection, DbTransaction>? beforeUpgrade = null)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, MinimumThreads), ports);
        var (source, name) = Source(connectionString);
        var database = new PostgresDatabase(source, name) { BeforeUpgrade = beforeUpgrade };
        try
        {
            database.Open(migrations);
            return database;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            database.Dispose();
            throw new OperatorException($"the database {name} cannot be used: {error.Message}");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public override T Read<T>(Func<DbConnection, T> read)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using var connection = _source.OpenConnection();
                return read(connection);
            }
            catch (NpgsqlException error) when (IsBroken(error) && attempt < Attempts)
            {
                // A pooled connection of before the database server's restart.
            }
            catch (NpgsqlException error)
            {
                throw Refusal(error) ?? new StorageException($"the database {Name} cannot be read: {error.Message}");
            }
        }
    }

    public override T Write<T>(Func<DbConnection, DbTransaction, T> write)
    {
        for (int attempt = 1; ; attempt++)
        {
            bool committing = false;
            try
            {
                using var connection = _source.OpenConnection();
                using var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
                var result = write(connection, transaction);
                committing = true;
                transaction.Commit();
                return result;
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < Attempts)
            {
                // Rolled back for another's sake.
            }
            catch (NpgsqlException error) when (!committing && IsBroken(error) && attempt < Attempts)
            {
                // A pooled connection of before the database server's restart.
            }
            catch (NpgsqlException error)
            {
                throw Refusal(error) ?? new StorageException(error switch
                {
                    PostgresException { SqlState: PostgresErrorCodes.DiskFull } => $"the disk of {Name} is full: nothing was changed; make room and try again",
                    PostgresException refusal => $"the database refused the change, nothing was changed: {refusal.MessageText}",
                    _ when committing => $"the database {Name} went away while it stored the change: look whether it is there before you try again ({error.Message})",
                    _ => $"the database {Name} is away, nothing was changed: {error.Message}",
                }, error is PostgresException { SqlState: PostgresErrorCodes.DiskFull });
            }
        }
    }

    public override void Notify(DbConnection connection, DbTransaction transaction, string channel, string payload) =>
        connection.Execute("SELECT pg_notify(@Listen, @Text)", new { Listen = ListenChannel, Text = $"{channel} {payload}" }, transaction);

    /// <summary>Tells all servers at once, outside of any transaction; lost when the database is away.</summary>
    public override async Task NotifyAsync(string channel, string payload, CancellationToken cancelled)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancelled);
            await connection.ExecuteAsync(new CommandDefinition(
                "SELECT pg_notify(@Listen, @Text)", new { Listen = ListenChannel, Text = $"{channel} {payload}" }, cancellationToken: cancelled));
        }
        catch (NpgsqlException error)
        {
            throw new OperatorException($"the database {Name} is away: {error.Message}");
        }
    }

    public override IReadOnlyList<string> TablesOf(DbConnection connection, DbTransaction? transaction) =>
        [.. connection.Query<string>("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY oid", transaction: transaction)];

    public override void SetCounters(DbConnection connection, DbTransaction transaction)
    {
        const string Identities = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'";
        foreach (var (table, column) in connection.Query<(string, string)>(Identities, transaction: transaction).ToList())
            connection.Execute($"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)", transaction: transaction);
        // The numbers of deleted organisations stand in the audit log only.
        connection.Execute(
            """
            SELECT setval(pg_get_serial_sequence('organisation', 'id'),
                greatest((SELECT coalesce(max(id), 0) FROM organisation), (SELECT coalesce(max(organisation), 0) FROM audit)) + 1, false)
            """,
            transaction: transaction);
    }

    public override void Dispose()
    {
        _stopped.Cancel();
        _listening.Wait(TimeSpan.FromSeconds(5));
        _source.Dispose();
        _stopped.Dispose();
    }

    private static (NpgsqlDataSource Source, string Name) Source(string connectionString)
    {
        try
        {
            var builder = new NpgsqlDataSourceBuilder(connectionString);
            var options = builder.ConnectionStringBuilder;
            if (string.IsNullOrEmpty(options.Host) || string.IsNullOrEmpty(options.Database))
                throw new OperatorException("the connection string of the database names no Host or no Database: write \"Host=db.example.com;Database=keyhole;Username=keyhole;Password=…\"");
            options.ApplicationName ??= "keyhole-control";
            options.IncludeErrorDetail = false;
            // What is set for a connection stays set in the pool.
            options.NoResetOnClose = true;
            options.KeepAlive = 10;
            builder.UsePhysicalConnectionInitializer(Initialise, connection =>
            {
                Initialise(connection);
                return Task.CompletedTask;
            });
            return (builder.Build(), $"{options.Database} on {options.Host}");
        }
        catch (Exception error) when (error is ArgumentException or FormatException or NotSupportedException)
        {
            // The parser's own words may quote the string, and so the password.
            throw new OperatorException("the connection string of the database is not understood: write \"Host=db.example.com;Database=keyhole;Username=keyhole;Password=…\"");
        }
    }

    /// <summary>A server that hangs in the middle of a change does not stop the others for ever.</summary>
    private static void Initialise(NpgsqlConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '30s'";
        command.ExecuteNonQuery();
    }

    /// <summary>The connection is at fault, and not what was asked: another one may do.</summary>
    private static bool IsBroken(NpgsqlException error) => error is PostgresException refusal
        ? refusal.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
        : error.IsTransient;

    /// <summary>What the caller wants cannot be, however well the database is; null where the database is at fault.</summary>
    private static OperatorException? Refusal(NpgsqlException error) => (error as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation => new OperatorException(TakenText),
        PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter => new OperatorException("a text holds a character that cannot be stored: nothing was changed"),
        _ => null,
    };

    private void Open(IReadOnlyList<Migration> migrations)
    {
        using (var connection = _source.OpenConnection())
        {
            Version = connection.ServerVersion;
            using var transaction = connection.BeginTransaction();
            connection.Execute("SELECT pg_advisory_xact_lock(@MigrationLock)", new { MigrationLock }, transaction);
            Migrate(connection, transaction, migrations, "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
            transaction.Commit();
        }

        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _listening = ListenAsync(listening);
        listening.Task.Wait(TimeSpan.FromSeconds(5));
    }

    /// <summary>
    /// Listens on a connection of its own, for ever. Whenever it begins to, everybody has to look for themselves what they missed: there may have been others
    /// before the first time, too, where that took longer than anybody waited.
    /// </summary>
    private async Task ListenAsync(TaskCompletionSource started)
    {
        var pause = FirstPause;
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(_stopped.Token);
                connection.Notification += (_, notification) => Take(notification.Payload);
                await connection.ExecuteAsync($"LISTEN {ListenChannel}");
                Raise(GapChannel, "");
                started.TrySetResult();
                pause = FirstPause;
                while (true)
                    await connection.WaitAsync(_stopped.Token);
            }
            catch (Exception error)
            {
                if (_stopped.IsCancellationRequested)
                    return;
                // Whatever it was: who does not listen sees nothing of what others change.
                if (error is not (NpgsqlException or OperationCanceledException or TimeoutException or IOException))
                    Fault(error);
                await Task.Delay(pause, _stopped.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private void Take(string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space > 0)
            Raise(text[..space], text[(space + 1)..]);
    }
}
