using System.Diagnostics;
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

    /// <summary>Addresses of loopback that are tried, so that several clients have room beside each other.</summary>
    private const int LoopbackAddressCount = 8;

    /// <summary>Another program that writes the configuration as often within a minute wants it for itself.</summary>
    private const int MaximumTakeovers = 10;

    // Fixed after construction.
    private readonly IResolver? _resolver;
    private readonly RestoreFile _restore;
    private readonly ILogger _logger;
    private readonly NameCounters _counters = new();
    private readonly SemaphoreSlim _turn = new(1);

    // One task at a time, by the turn.
    private readonly Queue<long> _takeovers = new();
    private NameTable _applied = NameTable.None;
    private bool _isGivenUp;

    // Read by the status.
    private volatile NameServer? _server;
    private volatile NameTable _names = NameTable.None;
    private volatile string? _problem;

    /// <param name="resolver">Null: names are off.</param>
    public NameService(IResolver? resolver, RestoreFile restore, ILogger logger)
    {
        _resolver = resolver;
        _restore = restore;
        _logger = logger;
    }

    /// <summary>Undoes what a client that was killed has left; before anything is changed.</summary>
    public async Task UndoLeftoversAsync()
    {
        try
        {
            if (await _restore.UndoAsync() is { } undone)
                ClientLog.Repaired(_logger, undone.Kind);
        }
        catch (ResolverException e)
        {
            Report(e.Message);
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
            var names = _names;
            if (names.Entries.Count == 0)
            {
                await WithdrawAsync();
                return;
            }

            if (_resolver.NeedsTunnelAddress && tunnel is null)
                throw new ResolverException("the tunnel has no address yet");
            if (_server is not null && _resolver.NeedsTunnelAddress && !_server.Endpoint.Address.Equals(tunnel))
                await WithdrawAsync();
            var server = _server ??= Listen(_resolver.NeedsTunnelAddress ? tunnel! : null);
            server.Names = _names;
            await ApplyAsync(_resolver, server, names);
            _problem = null;
        }
        catch (ResolverException e)
        {
            Report(e.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Follows what other programs do to the resolver's configuration; every second.</summary>
    public async Task CheckAsync(CancellationToken stop)
    {
        if (_resolver is null || _server is null || _isGivenUp)
            return;
        await _turn.WaitAsync(stop);
        try
        {
            if (_server is not { } server)
                return;
            if (!_resolver.IsInForce(server.Endpoint.Address) && MayTakeOver())
                await ApplyAsync(_resolver, server, _names);
            else
                server.Forwarder.Servers = _resolver.Servers(server.Endpoint.Address);
        }
        catch (ResolverException e)
        {
            Report(e.Message);
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
        await WithdrawAsync();
        _turn.Dispose();
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

    private async Task WithdrawAsync()
    {
        try
        {
            await _restore.UndoAsync();
            _resolver?.Undone();
        }
        catch (ResolverException e)
        {
            Report(e.Message);
        }

        _applied = NameTable.None;
        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
        }
    }

    private NameServer Listen(IPAddress? tunnel)
    {
        IPAddress[] addresses = tunnel is not null ? [tunnel] : [.. Enumerable.Range(53, LoopbackAddressCount).Select(last => new IPAddress([127, 100, 64, (byte)last]))];
        for (int index = 0; ; index++)
        {
            try
            {
                return new NameServer(new IPEndPoint(addresses[index], DnsPort), _counters);
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.AddressAlreadyInUse || index == addresses.Length - 1)
            {
                throw new ResolverException($"no name server on {addresses[index]}:{DnsPort}: {e.Message}", e);
            }
            catch (SocketException)
            {
                // Another client is there.
            }
        }
    }

    private bool MayTakeOver()
    {
        long now = Stopwatch.GetTimestamp();
        while (_takeovers.TryPeek(out long first) && Stopwatch.GetElapsedTime(first, now) > TimeSpan.FromMinutes(1))
            _takeovers.Dequeue();
        if (_takeovers.Count >= MaximumTakeovers)
        {
            _isGivenUp = true;
            Report("another program keeps writing the resolver's configuration: granted names are not asked for here any more");
            return false;
        }

        _takeovers.Enqueue(now);
        return true;
    }

    private void Report(string problem)
    {
        if (_problem == problem)
            return;
        _problem = problem;
        ClientLog.NoNames(_logger, problem);
    }
}
