using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>Tables: who is heard and where to register, from one instant to the next.</remarks>
public sealed partial class ConnectorState
{
    /// <summary>Follows this roster from now on. Relays that stay keep their sessions, clients that stay keep their way back.</summary>
    public void Apply(ConnectorRoster roster, long now)
    {
        ArgumentNullException.ThrowIfNull(roster);
        _now = now;
        Flush(now);
        bool wasDraining = IsDraining;
        _roster = roster;
        RemoveRelays();
        AddRelays();
        ApplyClients();
        foreach (var registration in _registrations)
        {
            if (TryParse(registration.Row.Endpoints, out var endpoints))
                registration.SetEndpoints(endpoints, now);
        }

        IndexEndpoints();
        if (IsDraining == wasDraining)
            return;
        foreach (var registration in _registrations)
            registration.Greet(now);
    }

    /// <summary>Where a relay can be reached, best first: for relays whose endpoints are names, whenever those were resolved.</summary>
    public void SetRelayEndpoints(int relay, IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        _now = now;
        Flush(now);
        if (_registrations.Find(registration => registration.Row.Id == relay) is not { } found)
            return;
        found.SetEndpoints(endpoints, now);
        IndexEndpoints();
    }

    private void RemoveRelays()
    {
        for (int index = _registrations.Count - 1; index >= 0; index--)
        {
            var registration = _registrations[index];
            var row = _roster.Relays.FirstOrDefault(row => row.Id == registration.Row.Id);
            if (row is not null && row.PublicKey == registration.Row.PublicKey)
            {
                registration.Row = row;
                continue;
            }

            foreach (var path in _byClient.Values)
            {
                if (path.Relay == registration)
                    path.Relay = null;
            }

            _device.RemovePeer(registration.Peer);
            _registrations.RemoveAt(index);
        }
    }

    private void AddRelays()
    {
        foreach (var row in _roster.Relays)
        {
            if (!_registrations.Exists(registration => registration.Row.Id == row.Id)
                && row.PublicKey is { } text
                && PublicKey.TryParse(text, out var key)
                && key != _device.PublicKey
                && _device.FindPeer(key) is null)
                _registrations.Add(new Registration(_device, _options.RandomSource, this, row, key, _options.Schedule, _options.Keepalive));
        }
    }

    private void ApplyClients()
    {
        _bySource.Clear();
        var gone = _byClient.Keys.ToHashSet();
        foreach (var (address, client) in _roster.GatewayClients)
        {
            gone.Remove(client);
            if (!_byClient.TryGetValue(client, out var path))
                _byClient.Add(client, path = new ClientPath(client));
            _bySource.Add(address, path);
        }

        foreach (int client in gone)
            _byClient.Remove(client);
    }

    /// <summary>False when an endpoint is a name: then the caller resolves them.</summary>
    private static bool TryParse(IReadOnlyList<string> texts, out IReadOnlyList<IpEndpoint> endpoints)
    {
        var parsed = new List<IpEndpoint>(texts.Count);
        foreach (string text in texts)
        {
            if (IpEndpoint.TryParse(text, out var endpoint))
                parsed.Add(endpoint);
        }

        endpoints = parsed;
        return parsed.Count == texts.Count;
    }

    private void IndexEndpoints()
    {
        _byEndpoint.Clear();
        foreach (var registration in _registrations)
        {
            foreach (var endpoint in registration.Endpoints)
                _byEndpoint.TryAdd(endpoint, registration);
        }
    }
}
