using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// A table, compared with the one before it: what there is to do stands in lists, so that the data path is held up for that alone. Made on any thread by
/// <see cref="RelayState.Prepare"/>, put in force by <see cref="RelayState.BeginApply"/>. Shares with the one before what did not change.
/// </summary>
public sealed class PreparedTable
{
    /// <summary>Routes of grants that are gone, and that may be kept.</summary>
    private const int SpareRoutes = 64;

    private readonly Dictionary<int, GrantRow> _grants;
    private readonly Dictionary<int, ResourceRow> _resources;
    private readonly GatewayRouteBuilder _builder;

    internal PreparedTable(int relay, Table table, PreparedTable? before, IReadOnlySet<int> refused)
    {
        Before = before;
        Revision = table.Revision;
        var own = table.Relays.FirstOrDefault(row => row.Id == relay);
        IsGateway = own is { Gateway: true };
        NameServers = [.. AddressesOf(own?.Names)];
        ForwardsNames = own?.Names is { Forward.Count: > 0 };
        Peers = new Dictionary<int, PreparedPeer>(table.Peers.Count);
        _grants = ByKey(table.Grants, row => row.Client);
        _resources = ByKey(table.Resources, row => row.Id);
        Sites = SitesOf(table, before);
        var changed = ChangedResources(before);
        bool isSame = before is not null && changed.Count == 0 && before._builder.Count <= 2 * table.Grants.Count + SpareRoutes;
        _builder = isSame ? before!._builder : new GatewayRouteBuilder(table.Resources, id => Sites[id]);
        foreach (var row in table.Peers)
        {
            if (row.PublicKey is not null && (IsGateway || row.Kind != PeerKind.ExternalClient))
                Peers[row.Id] = Prepare(row, before, changed);
        }

        Compare(before, refused);
    }

    /// <summary>Of the table.</summary>
    public long Revision { get; }

    /// <summary>The table that this one was compared with; null for none.</summary>
    internal PreparedTable? Before { get; private set; }

    internal bool IsGateway { get; }

    /// <summary>Overlay addresses of the name server; none where there is none.</summary>
    internal IpAddress[] NameServers { get; }

    /// <summary>Whether somebody else is asked for names that were not granted.</summary>
    internal bool ForwardsNames { get; }

    /// <summary>By identifier: all that may register.</summary>
    internal Dictionary<int, PreparedPeer> Peers { get; }

    /// <summary>By identifier: all that the table names anywhere. A site keeps its object from table to table.</summary>
    internal Dictionary<int, RelaySite> Sites { get; }

    /// <summary>Agents that are gone, and those that have another key, preshared key, kind, site or address now: such a one starts anew.</summary>
    internal List<int> Removed { get; } = [];

    /// <summary>Clients that stay and were granted something else than before.</summary>
    internal List<PreparedPeer> Rerouted { get; } = [];

    /// <summary>Agents that stay and have another name or draining mark.</summary>
    internal List<PreparedPeer> Renamed { get; } = [];

    /// <summary>By identifier, those included that were refused before.</summary>
    internal List<PreparedPeer> Added { get; } = [];

    /// <summary>All is done: what the next table is compared with remains.</summary>
    internal void Settle()
    {
        Before = null;
        Removed.Clear();
        Rerouted.Clear();
        Renamed.Clear();
        Added.Clear();
        Added.TrimExcess();
    }

    private static IEnumerable<IpAddress> AddressesOf(RelayNames? names)
    {
        foreach (string text in names?.Addresses ?? [])
        {
            if (IpAddress.TryParse(text, out var address))
                yield return address;
        }
    }

    private static Dictionary<int, T> ByKey<T>(IReadOnlyList<T> rows, Func<T, int> key)
    {
        var byKey = new Dictionary<int, T>(rows.Count);
        foreach (var row in rows)
            byKey[key(row)] = row;
        return byKey;
    }

    private static Dictionary<int, RelaySite> SitesOf(Table table, PreparedTable? before)
    {
        var sites = new Dictionary<int, RelaySite>();
        foreach (var site in table.Sites)
            Name(site.Id);
        foreach (var resource in table.Resources)
            Name(resource.Site);
        foreach (var peer in table.Peers)
        {
            if (peer.Site is { } id)
                Name(id);
        }

        return sites;

        void Name(int id)
        {
            if (!sites.ContainsKey(id))
                sites.Add(id, before is not null && before.Sites.TryGetValue(id, out var known) ? known : new RelaySite(id));
        }
    }

    /// <summary>Those that lead elsewhere than before or have another name, came or went.</summary>
    private HashSet<int> ChangedResources(PreparedTable? before)
    {
        var changed = new HashSet<int>();
        if (before is null)
            return changed;
        foreach (var (id, row) in _resources)
        {
            if (!before._resources.TryGetValue(id, out var old) || !LeadsToTheSame(old, row))
                changed.Add(id);
        }

        changed.UnionWith(before._resources.Keys.Where(id => !_resources.ContainsKey(id)));
        return changed;
    }

    private static bool LeadsToTheSame(ResourceRow old, ResourceRow row) =>
        ReferenceEquals(old, row) || (old.Site == row.Site && old.Destination == row.Destination && old.Alias == row.Alias && old.Overlay.SequenceEqual(row.Overlay));

    private PreparedPeer Prepare(PeerRow row, PreparedTable? before, HashSet<int> changed)
    {
        var old = before?.Peers.GetValueOrDefault(row.Id);
        var routes = row.Kind == PeerKind.Connector ? GatewayRoutes.None
            : old is not null && old.Row.Kind != PeerKind.Connector && KeepsGrant(row.Id, before!, changed) ? old.Routes
            : _builder.For(_grants.GetValueOrDefault(row.Id));
        // Names are made here, so that no data thread waits for them.
        if (row.Stock)
            _ = routes.Names;
        return old is not null && ReferenceEquals(old.Row, row) && old.Routes == routes ? old : new PreparedPeer(row, routes);
    }

    private bool KeepsGrant(int client, PreparedTable before, HashSet<int> changed)
    {
        var grant = _grants.GetValueOrDefault(client);
        var old = before._grants.GetValueOrDefault(client);
        return (ReferenceEquals(grant, old) || (grant is not null && grant.Equals(old)))
            && (grant is null || changed.Count == 0 || !grant.Resources.Any(changed.Contains));
    }

    private void Compare(PreparedTable? before, IReadOnlySet<int> refused)
    {
        foreach (var (id, peer) in Peers)
        {
            if (before is null || refused.Contains(id) || !before.Peers.TryGetValue(id, out var old) || !IsSameAgent(old.Row, peer.Row))
            {
                Added.Add(peer);
                continue;
            }

            if (ReferenceEquals(old, peer))
                continue;
            if (old.Routes != peer.Routes)
                Rerouted.Add(peer);
            if (!old.Row.Equals(peer.Row))
                Renamed.Add(peer);
        }

        Added.Sort((one, other) => one.Row.Id.CompareTo(other.Row.Id));
        if (before is null)
            return;
        foreach (var (id, old) in before.Peers)
        {
            if (!refused.Contains(id) && (!Peers.TryGetValue(id, out var peer) || !IsSameAgent(old.Row, peer.Row)))
                Removed.Add(id);
        }
    }

    private static bool IsSameAgent(PeerRow old, PeerRow row) =>
        ReferenceEquals(old, row)
        || (old.PublicKey == row.PublicKey
            && old.PresharedKey == row.PresharedKey
            && old.Kind == row.Kind
            && old.Site == row.Site
            && old.Stock == row.Stock
            && old.Addresses.SequenceEqual(row.Addresses));
}
