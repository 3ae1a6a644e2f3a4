using System.Collections.Concurrent;
using System.Data.Common;

namespace Keyhole.Control.Tests;

/// <summary>A database of which nothing but the notifications is there: what one of the servers says, all on the bus hear, unless something is in the way.</summary>
internal sealed class BusDatabase(List<BusDatabase> bus) : Database
{
    /// <summary>The database is away for whoever says something here.</summary>
    public bool IsAway { get; set; }

    /// <summary>What others say is lost here.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>What was said here, oldest first.</summary>
    public ConcurrentQueue<string> Said { get; } = [];

    /// <summary>How often somebody tried to say something while the database was away.</summary>
    public int Lost { get; private set; }

    public override string Name => "bus";

    public override string Engine => "bus";

    public override bool IsShared => true;

    public override string LockClause => "";

    protected override string BeginSnapshot => "";

    /// <summary>Hears again, as after a broken connection.</summary>
    public void Hear()
    {
        IsDeaf = false;
        Raise(GapChannel, "");
    }

    public override T Read<T>(Func<DbConnection, T> read) => throw new NotSupportedException();

    public override T Write<T>(Func<DbConnection, DbTransaction, T> write) => throw new NotSupportedException();

    public override void Notify(DbConnection connection, DbTransaction transaction, string channel, string payload) => throw new NotSupportedException();

    public override Task NotifyAsync(string channel, string payload, CancellationToken cancelled)
    {
        if (IsAway)
        {
            Lost++;
            throw new OperatorException("the database is away");
        }

        // As a database does: one after the other.
        lock (bus)
        {
            foreach (var each in bus.Where(each => !each.IsDeaf))
                each.Raise(channel, payload);
        }

        Said.Enqueue(payload);
        return Task.CompletedTask;
    }

    public override IReadOnlyList<string> TablesOf(DbConnection connection, DbTransaction? transaction) => throw new NotSupportedException();

    public override void SetCounters(DbConnection connection, DbTransaction transaction) => throw new NotSupportedException();

    public override void Dispose()
    {
    }
}
