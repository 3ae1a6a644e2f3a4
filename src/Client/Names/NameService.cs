using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Client;

/// <summary>
/// Names on this machine: the name server, and the resolver that asks it. Nothing is changed while nothing with a name is granted, and all of it is undone when
/// nothing is any more.
/// </summary>
internal sealed class NameService : IAsyncDisposable
{
    private const int DnsPort = 53;

    /// <summary>Another program that writes the configuration as often within a minute wants it for itself.</summary>
    private const int MaximumTakeovers = 10;

    /// <summary>Then the other program may have ended.</summary>
    private static readonly TimeSpan GivenUpFor = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan MinimumRetryDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaximumRetryDelay = TimeSpan.FromMinutes(1);

    // Fixed after construction.
    private readonly IResolver? _resolver;
    private readonly RestoreFile _restore;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly int _port;
    private readonly NameCounters _counters = new();
    private readonly SemaphoreSlim _turn = new(1);

    // One task at a time, by the turn.
    private readonly Queue<long> _takeovers = new();
    private NameTable _applied = NameTable.None;
    private IPAddress? _tunnel;

    /// <summary>A change was perhaps not undone: its record may not be overwritten.</summary>
    private bool _isLeftBehind;

    private long? _givenUpAt;

    /// <summary>When the last attempt failed; null when it did not.</summary>
    private long? _failedAt;

    private TimeSpan _retryDelay = MinimumRetryDelay;

    // Read by the status.
    private volatile NameServer? _server;
    private volatile NameTable _names = NameTable.None;
    private volatile string? _problem;

    /// <param name="resolver">Null: names are off.</param>
    /// <param name="port">Of the name server; with 0 the system chooses one.</param>
    public NameService(IResolver? resolver, RestoreFile restore, ILogger logger, TimeProvider? time = null, int port = DnsPort)
    {
        _time = time ?? TimeProvider.System;
        _port = port;
        _resolver = resolver;
        _restore = restore;
        _logger = logger;
    }

    /// <summary>Undoes what a client that was killed has left; before anything is changed.</summary>
    public async Task UndoLeftoversAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (await UndoAsync() is { } undone)
                ClientLog.Repaired(_logger, undone.Kind);
        }
        catch (ResolverException e)
        {
            Fail(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What is granted from now on: a name that is not is not answered any more.</summary>
    public void Take(NameTable names)
    {
        _names = names;
        if (_server is { } server)
            server.Names = names;
    }

    /// <summary>Has the machine ask for what is granted.</summary>
    /// <param name="tunnel">The tunnel's own address, which the interface has; null without one.</param>
    public async Task FollowAsync(IPAddress? tunnel, CancellationToken stop)
    {
        if (_resolver is null)
            return;
        await _turn.WaitAsync(stop);
        try
        {
            _tunnel = tunnel;
            await TryFollowAsync(_resolver);
        }
        catch (ResolverException e)
        {
            Fail(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Follows what other programs do to the resolver's configuration, and tries again what failed, ever less often; every second.</summary>
    public async Task CheckAsync(CancellationToken stop)
    {
        if (_resolver is null)
            return;
        await _turn.WaitAsync(stop);
        try
        {
            if (_failedAt is { } failed)
            {
                if (_time.GetElapsedTime(failed) >= _retryDelay)
                    await TryFollowAsync(_resolver);
                return;
            }

            if (_server is not { } server)
                return;
            if (_resolver.IsInForce(server.Endpoint.Address) || !MayTakeOver())
            {
                server.Forwarder.Servers = _resolver.Servers(server.Endpoint.Address);
                return;
            }

            await ApplyAsync(_resolver, server, _names);
            _takeovers.Enqueue(_time.GetTimestamp());
            _problem = null;
        }
        catch (ResolverException e)
        {
            Fail(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    public JsonObject Describe() => new()
    {
        ["resolver"] = _resolver?.Name ?? ResolverChoice.Off,
        ["server"] = _server?.Endpoint.ToString(),
        ["upstream"] = new JsonArray([.. (_server?.Forwarder.Servers ?? []).Select(server => (JsonNode)server.ToString())]),
        ["problem"] = _problem,
        ["names"] = new JsonArray([.. _names.Entries.Select(named => (JsonNode)named.Alias)]),
        ["answered"] = _counters.Answered,
        ["forwarded"] = _counters.Forwarded,
        ["failed"] = _counters.Failed,
        ["dropped"] = _counters.Dropped,
    };

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            await WithdrawAsync();
        }
        catch (ResolverException e)
        {
            ClientLog.NamesLeft(_logger, e.Message);
        }

        _turn.Dispose();
    }

    private async Task TryFollowAsync(IResolver resolver)
    {
        if (_isLeftBehind)
            await UndoAsync();
        var names = _names;
        if (names.Entries.Count == 0)
        {
            await WithdrawAsync();
        }
        else
        {
            if (resolver.NeedsTunnelAddress && _tunnel is null)
                throw new ResolverException("the tunnel has no address yet");
            if (_server is not null && resolver.NeedsTunnelAddress && !_server.Endpoint.Address.Equals(_tunnel))
                await WithdrawAsync();
            var server = _server ??= Listen(resolver.NeedsTunnelAddress ? _tunnel : null);
            server.Names = _names;
            await ApplyAsync(resolver, server, names);
        }

        _givenUpAt = null;
        _failedAt = null;
        _retryDelay = MinimumRetryDelay;
        _problem = null;
    }

    private async Task ApplyAsync(IResolver resolver, NameServer server, NameTable names)
    {
        var address = server.Endpoint.Address;
        server.Forwarder.Servers = [.. resolver.Servers(address).Where(upstream => !upstream.Equals(server.Endpoint))];
        if (resolver.IsInForce(address) && ReferenceEquals(_applied, names))
            return;
        _restore.Save(resolver.Record(address));
        await resolver.ApplyAsync(address, names);
        _applied = names;
        ClientLog.NamesApplied(_logger, resolver.Name, server.Endpoint.ToString(), names.Entries.Count);
    }

    /// <exception cref="ResolverException">It could not be undone; the server has ended nevertheless.</exception>
    private async Task WithdrawAsync()
    {
        try
        {
            await UndoAsync();
        }
        finally
        {
            _applied = NameTable.None;
            if (_server is { } server)
            {
                _server = null;
                await server.DisposeAsync();
            }
        }
    }

    private async Task<RestoreRecord?> UndoAsync()
    {
        _isLeftBehind = true;
        var undone = await _restore.UndoAsync();
        _resolver?.Undone();
        _isLeftBehind = false;
        return undone;
    }

    private NameServer Listen(IPAddress? tunnel)
    {
        var addresses = tunnel is not null ? [tunnel] : ServerAddresses.OnLoopback;
        for (int index = 0; ; index++)
        {
            try
            {
                return new NameServer(new IPEndPoint(addresses[index], _port), _counters);
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.AddressAlreadyInUse || index == addresses.Length - 1)
            {
                throw new ResolverException($"no name server on {addresses[index]}:{_port}: {e.Message}", e);
            }
            catch (SocketException)
            {
                // Another client is there.
            }
        }
    }

    private bool MayTakeOver()
    {
        long now = _time.GetTimestamp();
        if (_givenUpAt is { } givenUp && _time.GetElapsedTime(givenUp, now) < GivenUpFor)
            return false;
        _givenUpAt = null;
        while (_takeovers.TryPeek(out long first) && _time.GetElapsedTime(first, now) > TimeSpan.FromMinutes(1))
            _takeovers.Dequeue();
        if (_takeovers.Count < MaximumTakeovers)
            return true;
        _givenUpAt = now;
        Report($"another program keeps writing the resolver's configuration: granted names are not asked for here for {GivenUpFor.TotalMinutes:F0} minutes");
        return false;
    }

    private void Fail(ResolverException e)
    {
        if (_failedAt is not null)
            _retryDelay = TimeSpan.FromTicks(Math.Min(2 * _retryDelay.Ticks, MaximumRetryDelay.Ticks));
        _failedAt = _time.GetTimestamp();
        Report(e.Message);
    }

    private void Report(string problem)
    {
        if (_problem == problem)
            return;
        _problem = problem;
        ClientLog.NoNames(_logger, problem);
    }
}
