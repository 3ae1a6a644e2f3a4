using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>Tables: who is heard and where to register, from one instant to the next.</remarks>
public sealed partial class ConnectorState
{
    /// <summary>Follows this roster from now on. Relays that stay keep their sessions, clients that stay keep theirs and their way back.</summary>
    public void Apply(ConnectorRoster roster, long now)
    {
        ArgumentNullException.ThrowIfNull(roster);
        _now = now;
        Flush(now);
        bool wasDraining = IsDraining;
        _roster = roster;
        _candidates.SetOverlay(roster.Overlay);
        _registrations.IsDraining = IsDraining;
        _registrations.Apply(roster.Relays, now);
        ApplyClients();
        if (IsDraining != wasDraining)
            _registrations.Greet(now);
    }

    /// <summary>Where a relay can be reached, best first: for relays whose endpoints are names, whenever those were resolved.</summary>
    public void SetRelayEndpoints(int relay, IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        _now = now;
        Flush(now);
        _registrations.SetEndpoints(relay, endpoints, now);
    }

    private void ApplyClients()
    {
        _bySource.Clear();
        foreach (var path in _byClient.Values.Where(path => !_roster.Clients.ContainsKey(path.Client)).ToList())
        {
            _byClient.Remove(path.Client);
            ForgetPaths(path);
            if (path.EndToEnd is { } peer)
                _device.RemovePeer(peer);
        }

        foreach (var path in _byClient.Values)
        {
            path.ForgetRemoved();
            NoteMtu(path);
        }

        foreach (var row in _roster.Clients.Values)
        {
            if (!_byClient.TryGetValue(row.Id, out var path))
                _byClient.Add(row.Id, path = new ClientPath(row.Id));
            ApplySession(path, row);
        }

        foreach (var (address, client) in _roster.GatewayClients)
            _bySource.Add(address, _byClient[client]);
    }

    /// <summary>The client's own session: answered, never begun, and held to the client's addresses.</summary>
    private void ApplySession(ClientPath path, PeerRow row)
    {
        bool hasKey = PublicKey.TryParse(row.PublicKey, out var key) && key != _device.PublicKey;
        if (path.EndToEnd is { } old && (!hasKey || old.PublicKey != key || !path.Addresses.SequenceEqual(row.Addresses)))
        {
            _device.RemovePeer(old);
            path.EndToEnd = null;
            path.ForgetRemoved();
            ForgetPaths(path);
        }

        path.Addresses = row.Addresses;
        path.IsStock = row.Stock;
        if (path.EndToEnd is not null || !hasKey || _device.FindPeer(key) is not null)
            return;
        var addresses = new List<IpPrefix>(row.Addresses.Count);
        foreach (string text in row.Addresses)
        {
            if (IpPrefix.TryParse(text, out var address) && address.IsHost)
                addresses.Add(address);
        }

        path.EndToEnd = _device.AddPeer(new PeerOptions
        {
            PublicKey = key,
            AllowedIps = addresses,
            IsResponderOnly = true,
            TimerSchedule = row.Stock ? TimerSchedule.Paper : _options.Schedule,
            State = path,
        });
    }
}
