using System.Text.Json.Nodes;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Microsoft.Extensions.Logging;

namespace Keyhole.Client;

/// <summary>
/// The machine's routes into the tunnel: what was granted and nothing else, without what the tunnel itself needs to reach. They follow the table, the addresses
/// of relays and of Control, and whatever else happens to them on this machine.
/// </summary>
internal sealed class RouteService(TunnelInterface tunnel, Func<ClientRoster, OutsideAddresses> outside, ILogger logger, TimeProvider? time = null) : IDisposable
{
    /// <summary>What the system refused is tried again after it, so long as nothing else is wanted.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private ClientRoster _roster = ClientRoster.None;
    private HashSet<IpPrefix> _wanted = [];
    private bool _isLed;
    private long _refusedAt;

    // Read by the status.
    private volatile IReadOnlyCollection<IpPrefix> _leftOut = [];
    private volatile string? _problem;

    /// <summary>Puts a roster in force.</summary>
    public void Follow(ClientRoster roster)
    {
        lock (_lock)
        {
            _roster = roster;
            Apply(isNew: true);
        }
    }

    /// <summary>Puts back what is missing, and follows the addresses outside the tunnel; whenever one has changed, and every second.</summary>
    public void Check()
    {
        lock (_lock)
            Apply(isNew: false);
    }

    public void Describe(JsonObject status)
    {
        status["routes"] = new JsonArray([.. tunnel.Routes.Select(prefix => (JsonNode)prefix.ToString())]);
        status["routesLeftOut"] = new JsonArray([.. _leftOut.Select(prefix => (JsonNode)prefix.ToString())]);
        status["routeProblem"] = _problem;
    }

    public void Dispose() => tunnel.Dispose();

    private void Apply(bool isNew)
    {
        var wanted = Wanted();
        if (!isNew && _problem is not null && wanted.SetEquals(_wanted) && _time.GetElapsedTime(_refusedAt) < RetryPause)
            return;
        _wanted = wanted;
        try
        {
            tunnel.Apply(_roster.Addresses, wanted);
            if (_problem is not null)
                ClientLog.Configured(logger);
            _problem = null;
        }
        catch (NetworkException e)
        {
            _refusedAt = _time.GetTimestamp();
            if (_problem != e.Message)
                ClientLog.NotConfigured(logger, e.Message);
            _problem = e.Message;
        }
    }

    private HashSet<IpPrefix> Wanted()
    {
        var kept = outside(_roster);

        // Before any relay has an address the tunnel leads nowhere: it would swallow the name server that is being asked for one.
        _isLed |= kept.Relays.Count > 0;
        if (!_isLed)
            return [];
        var wanted = _roster.Routes.Select(route => route.Prefix).ToHashSet();
        var leftOut = wanted.Where(prefix => kept.Relays.Concat(kept.Control).Any(prefix.Contains)).ToHashSet();
        foreach (var prefix in leftOut.Except(_leftOut))
            ClientLog.LeftOut(logger, prefix.ToString());
        _leftOut = leftOut;
        wanted.ExceptWith(leftOut);
        return wanted;
    }
}
