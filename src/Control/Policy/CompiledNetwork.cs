using System.Collections.Concurrent;
using System.Net;

namespace Keyhole.Control;

/// <summary>
/// What every agent needs of one <see cref="NetworkState"/>: a calculation without time, so that the same state always gives the same rows. Each agent gets
/// the least that it can work with. A network is compiled out of the one before it by the work that the change is: tables that it does not touch stay the same
/// objects, with the revision that they had.
/// </summary>
internal sealed class CompiledNetwork
{
    private readonly Func<Peer, string?> _presharedKeyOf;
    private readonly CompiledRows<Site, SiteRow> _sites;
    private readonly CompiledRows<Resource, ResourceRow> _resources;
    private readonly CompiledRows<Peer, CompiledPeer> _peers;
    private readonly CompiledGrants _grants;
    private readonly Table _all;
    private readonly Table _ofRelays;
    private readonly ConcurrentDictionary<int, Table> _siteTables;
    private readonly ConcurrentDictionary<int, Table> _clientTables;
    private readonly Dictionary<string, Credential> _credentials;
    private readonly Dictionary<Agent, string> _names;
    private readonly ILookup<int, int> _connectors;

    /// <param name="presharedKeyOf">Opens the preshared key of a peer; null where it has none.</param>
    public CompiledNetwork(NetworkState state, Func<Peer, string?> presharedKeyOf)
        : this(state, presharedKeyOf, null)
    {
    }

    private CompiledNetwork(NetworkState state, Func<Peer, string?> presharedKeyOf, CompiledNetwork? before)
    {
        State = state;
        _presharedKeyOf = presharedKeyOf;
        var from = before?.State ?? NetworkState.Empty;
        bool hasNewAgents = before is null || !ReferenceEquals(from.Peers, state.Peers) || !ReferenceEquals(from.Relays, state.Relays);
        _names = hasNewAgents ? NamesOf(state) : before!._names;
        _credentials = before is null || !ReferenceEquals(from.Credentials, state.Credentials)
            ? state.Credentials.ToDictionary(credential => credential.Id, StringComparer.Ordinal)
            : before._credentials;
        Access = before is null ? new Access(state) : before.Access.Next(state);
        _sites = (before?._sites ?? CompiledRows<Site, SiteRow>.Empty).Next(state.Sites, site => new SiteRow(site.Id, site.Name));
        _resources = (before?._resources ?? CompiledRows<Resource, ResourceRow>.Empty).Next(state.Resources, Row);
        _peers = (before?._peers ?? CompiledRows<Peer, CompiledPeer>.Empty).Next(
            state.Peers.Where(Access.IsActive), peer => CompiledPeer.Of(Row(peer, presharedKeyOf(peer))));
        _grants = before is null
            ? CompiledGrants.Empty.Next(NetworkState.Empty, Access, CompiledRows<Resource, ResourceRow>.Empty, state, Access, _resources)
            : before._grants.Next(from, before.Access, before._resources, state, Access, _resources);

        _connectors = _peers.All.Where(entry => entry.Item.Site is not null).ToLookup(entry => entry.Item.Site!.Value, entry => entry.Item.Id);
        var change = before is null ? TableChange.Everything : TableChange.Of(before, this);
        _siteTables = Kept(before?._siteTables, change.Concerns, change.Sites);
        _clientTables = Kept(before?._clientTables, change.Concerns, change.Clients);
        bool isSame = change.Concerns == TableChange.Extent.Nothing;
        _all = isSame ? before!._all : WholeTable(state);
        _ofRelays = isSame ? before!._ofRelays : _all with { Relays = [.. _all.Relays.Zip(state.Relays, (row, relay) => row with { Names = NamesOf(state, relay) })] };
    }

    public NetworkState State { get; }

    public Access Access { get; }

    /// <summary>Everything that runs a program of ours.</summary>
    public IEnumerable<Agent> Agents => _names.Keys;

    /// <summary>The agents that a revocation must reach: relays and connectors.</summary>
    public IEnumerable<Agent> Enforcers => _names.Keys.Where(agent => agent.Kind is AgentKind.Relay or AgentKind.Connector);

    internal CompiledRows<Site, SiteRow> Sites => _sites;

    internal CompiledRows<Resource, ResourceRow> Resources => _resources;

    internal CompiledRows<Peer, CompiledPeer> Peers => _peers;

    internal CompiledGrants Grants => _grants;

    /// <summary>The network after a change. Equal to a new one of <paramref name="state"/>, but for the revisions of tables that the change does not touch.</summary>
    public CompiledNetwork Next(NetworkState state) => new(state, _presharedKeyOf, this);

    public bool Exists(Agent agent) => _names.ContainsKey(agent);

    /// <summary>"connector office-1".</summary>
    public string NameOf(Agent agent) => $"{Names.Of(agent.Kind)} {_names.GetValueOrDefault(agent, "(removed)")}";

    public bool IsDraining(Agent connector) => _peers.Find(connector.Id) is { Row.Draining: true };

    public Credential? FindCredential(string id) => _credentials.GetValueOrDefault(id);

    /// <summary>All that a client may reach; null for nothing.</summary>
    public GrantRow? GrantOf(int client) => _grants.Find(client);

    /// <summary>The view of one agent.</summary>
    public Table TableOf(Agent agent) => agent.Kind switch
    {
        AgentKind.Relay => _ofRelays,
        AgentKind.Connector => _peers.FindItem(agent.Id)?.Site is { } site ? _siteTables.GetOrAdd(site, SiteTable) : EmptyTable,
        _ => _clientTables.GetOrAdd(agent.Id, ClientTable),
    };

    /// <summary>No rows, at this revision: what an agent without a place in the network holds.</summary>
    private Table EmptyTable => _all with { Relays = [], Sites = [], Peers = [], Resources = [], Grants = [] };

    private static ConcurrentDictionary<int, Table> Kept(ConcurrentDictionary<int, Table>? tables, TableChange.Extent extent, HashSet<int> touched) =>
        tables is null || extent == TableChange.Extent.Everything ? []
        : extent == TableChange.Extent.Nothing ? tables
        : new(tables.Where(entry => !touched.Contains(entry.Key)));

    private static Dictionary<Agent, string> NamesOf(NetworkState state) =>
        state.Relays.Select(relay => (Agent: new Agent(AgentKind.Relay, relay.Id), relay.Name))
            .Concat(state.Peers.Where(peer => !peer.Stock).Select(peer => (new Agent(Names.AgentOf(peer.Kind), peer.Id), peer.Name)))
            .ToDictionary(entry => entry.Item1, entry => entry.Name);

    private Table WholeTable(NetworkState state) => state.Organisation is null ? new Table { Revision = 0, Organisation = "", Overlay = [] } : new Table
    {
        Revision = state.Revision,
        Organisation = state.Organisation,
        Overlay = [Overlay.Ipv4.ToString(), Overlay.Organisation(state.OverlayIpv6).ToString()],
        Relays = [.. state.Relays.Select(relay => new RelayRow(relay.Id, relay.Name, relay.PublicKey, [.. relay.Endpoints], relay.Gateway, TlsOf(relay)))],
        Sites = [.. _sites.All.Select(entry => entry.Row)],
        Peers = [.. _peers.All.Select(entry => entry.Row.Row)],
        Resources = [.. _resources.All.Select(entry => entry.Row)],
        Grants = [.. _peers.All.Select(entry => _grants.Find(entry.Item.Id)).OfType<GrantRow>()],
    };

    /// <summary>All relays; the site with its resources and connectors; the clients that reach something there, without preshared keys.</summary>
    private Table SiteTable(int site) => _all with
    {
        Sites = [_sites.Find(site)!],
        Peers = [.. _connectors[site].Concat(_grants.ClientsAt(site)).Order().Select(id => _peers.Find(id)!.Shown)],
        Resources = [.. _all.Resources.Where(resource => resource.Site == site)],
        Grants = [.. _grants.AtSite(site)],
    };

    /// <summary>All relays, the client itself, what it was granted, and the connectors that lead there.</summary>
    private Table ClientTable(int client)
    {
        if (_grants.Find(client) is not { } grant)
            return EmptyTable with { Peers = _peers.Find(client) is { } only ? [only.Row] : [] };
        var resources = grant.Resources.Select(id => _resources.Find(id)!).ToList();
        var sites = resources.Select(resource => resource.Site).Distinct().Order().ToList();
        return _all with
        {
            Sites = [.. sites.Select(site => _sites.Find(site)!)],
            Peers = [.. sites.SelectMany(site => _connectors[site]).Append(client).Order().Select(id => _peers.Find(id)!.Row)],
            Resources = resources,
            Grants = [grant],
        };
    }

    /// <summary>Relay and connectors need no word for a sealed client: it is a machine of which a stock node holds the sessions.</summary>
    private static PeerRow Row(Peer peer, string? presharedKey) => new(
        peer.Id, peer.Sealed ? PeerKind.Machine : peer.Kind, peer.Name, peer.PublicKey, presharedKey,
        [.. new[] { peer.Ipv4, peer.Ipv6 }.OfType<IPAddress>().Select(address => address.ToString())],
        peer.Site, peer.Stock, peer.Draining);

    /// <summary>Where the description names no place, the relay's own hosts with the port that the relay reported.</summary>
    private static RelayTls? TlsOf(Relay relay)
    {
        if (relay.Tls is not { } tls)
            return null;
        IEnumerable<string> endpoints = relay.TlsEndpoints.Count > 0
            ? relay.TlsEndpoints
            : relay.Endpoints.Select(endpoint => $"{endpoint.AsSpan(0, endpoint.LastIndexOf(':'))}:{tls.Port}").Distinct();
        return new RelayTls([.. endpoints], tls.Pin);
    }

    private static RelayNames NamesOf(NetworkState state, Relay relay) =>
        new([.. Overlay.NameServers(state.OverlayIpv6).Select(address => address.ToString())], [.. relay.DnsForward]);

    private static ResourceRow Row(Resource resource) => new(
        resource.Id, resource.Site, resource.Name, resource.Destination.Text,
        [.. new[] { resource.OverlayIpv4, resource.OverlayIpv6 }.OfType<IPNetwork>().Select(prefix => prefix.ToString())],
        resource.Alias, [.. resource.Tcp], [.. resource.Udp], resource.Icmp);
}
