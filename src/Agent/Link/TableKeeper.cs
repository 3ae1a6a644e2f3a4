using Keyhole.Contracts;
using Microsoft.Extensions.Logging;

namespace Keyhole.Agent;

/// <summary>
/// Holds the table that the data path follows: from the cache at the start, from Control afterwards, and none at all when
/// Control was not heard for 24 hours. Used by one task at a time, but for <see cref="HeardNow"/>.
/// </summary>
internal sealed class TableKeeper(IAgentBody body, TableCache cache, string id, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Validity = TimeSpan.FromHours(24);

    private static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    private long _lastContact = long.MinValue;
    private long _lastTouch = long.MinValue;

    /// <summary>The table, or null while the agent has none that is valid.</summary>
    public CachedTable? Current { get; private set; }

    /// <summary>0 when the agent holds no table.</summary>
    public long Revision => Current?.Table.Revision ?? 0;

    /// <summary>Follows the cached table when there is one that is still valid.</summary>
    public async Task StartAsync()
    {
        if (cache.Load() is not var (cached, age))
            return;
        if (age >= Validity)
        {
            AgentLog.CacheExpired(logger, cached.Table.Revision, age.TotalHours);
            return;
        }

        _lastContact = time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency);
        Current = cached;
        await body.ApplyAsync(cached.Agent, cached.Table);
        AgentLog.CacheUsed(logger, cached.Table.Revision, age.TotalMinutes);
    }

    /// <summary>Control was heard: the table stays valid from now on.</summary>
    public void HeardNow()
    {
        long now = time.GetTimestamp();
        Volatile.Write(ref _lastContact, now);
        long touched = Volatile.Read(ref _lastTouch);
        if (touched != long.MinValue && time.GetElapsedTime(touched, now) < TouchInterval)
            return;
        Volatile.Write(ref _lastTouch, now);
        cache.Touch();
    }

    /// <summary>Enforces a table, then keeps it on disk, and gives what Control is to be told.</summary>
    public async Task<AckMessage> ReplaceAsync(int agent, Table table)
    {
        Current = new CachedTable(id, agent, table);
        HeardNow();
        var enforcement = await body.ApplyAsync(agent, table);
        long enforcedAt = time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            cache.Save(Current);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AgentLog.CacheNotSaved(logger, e.Message);
        }

        return new AckMessage(table.Revision, enforcedAt, enforcement.FlowsCut);
    }

    /// <summary>Drops a table whose time is over; true when that happened just now.</summary>
    public async Task<bool> ExpireAsync()
    {
        long contact = Volatile.Read(ref _lastContact);
        if (Current is not { } held || contact == long.MinValue || time.GetElapsedTime(contact) < Validity)
            return false;
        Current = null;
        var enforcement = await body.ApplyAsync(held.Agent, new Table { Revision = 0, Organisation = held.Table.Organisation, Overlay = [] });
        AgentLog.TableExpired(logger, held.Table.Revision, enforcement.FlowsCut);
        return true;
    }
}
