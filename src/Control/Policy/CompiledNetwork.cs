using System.Collections.Concurrent;

namespace Keyhole.Control;

/// <summary>
/// What every agent needs of one <see cref="NetworkState"/>: a calculation without time, so that the same state always gives the same rows. Each agent gets
/// the least that it can work with. A network is compiled out of the one before it by the work that the change is: tables that it does not touch stay the same
/// objects, with the revision that they had.
/// </summary>
internal sealed class CompiledNetwork
{
    private readonly Func<Peer, string?> _presharedKeyOf;
    private readonly string _lineage;
    private readonly Table _all;
    private readonly Table _ofRelays;
    private readonly ConcurrentDictionary<int, Table> _siteTables;
    private readonly ConcurrentDictionary<int, Table> _clientTables;
    private readonly Dictionary<string, Credential> _credentials;
    private readonly Dictionary<Agent, string> _names;
    private readonly ILookup<int, int> _connectors;

    /// <param name="presharedKeyOf">Opens the preshared key of a peer; null where it has none.</param>
    /// <param name="lineage">The <see cref="NetworkStore.Lineage"/>.</param>
    public CompiledNetwork(NetworkState state, Func<Peer, string?> presharedKeyOf, string lineage)
        : this(state, new CompiledNetwork(presharedKeyOf, lineage))
    {
    }

    /// <summary>The network before everything.</summary>
    private CompiledNetwork(Func<Peer, string?> presharedKeyOf, string lineage)
    {
        _presharedKeyOf = presharedKeyOf;
        _lineage = lineage;
        State = NetworkState.Empty;
        Access = new Access(State);
        _names = [];
        _credentials = [];
        _connectors = Array.Empty<int>().ToLookup(id => id);
        _all = _ofRelays = WholeTable(State, true, this);
        _siteTables = [];
        _clientTables = [];
    }

    private CompiledNetwork(NetworkState state, CompiledNetwork before)
    {
        _presharedKeyOf = before._presharedKeyOf;
        _lineage = before._lineage;
        State = state;
        var from = before.State;
        _names = HaveSameAgents(from, state) ? before._names : NamesOf(state);
        _credentials = ReferenceEquals(from.Credentials, state.Credentials) ? before._credentials : state.Credentials.ToDictionary(credential => credential.Id, StringComparer.Ordinal);
        Access = before.Access.Next(state);
        bool sameAccess = ReferenceEquals(before.Access, Access);
        Sites = ReferenceEquals(from.Sites, state.Sites) ? before.Sites.Same() : before.Sites.Next(state.Sites, site => new SiteRow(site.Id, site.Name));
        Resources = ReferenceEquals(from.Resources, state.Resources) ? before.Resources.Same() : before.Resources.Next(state.Resources, Row);
        Peers = sameAccess ? before.Peers.Same() : before.Peers.Next(state.Peers.Where(Access.IsActive), peer => CompiledPeer.Of(Row(peer, _presharedKeyOf(peer))));
        Grants = sameAccess && Resources.Changed.Count == 0 ? before.Grants.Same() : before.Grants.Next(before.Resources, state, Access, Resources);
        Ssh = before.Ssh.Next(from, before.Access, before.Peers, state, Access, Peers);
        _connectors = sameAccess ? before._connectors : Peers.All.Where(entry => entry.Item.Site is not null).ToLookup(entry => entry.Item.Site!.Value, entry => entry.Item.Id);
        var change = TableChange.Of(before, this);
        if (change.Concerns == TableChange.Extent.Nothing)
        {
            (_all, _ofRelays, _siteTables, _clientTables) = (before._all, before._ofRelays, before._siteTables, before._clientTables);
            return;
        }

        _all = WholeTable(state, change.Relays, before);
        _ofRelays = _all with { Relays = [.. _all.Relays.Zip(state.Relays, (row, relay) => row with { Names = NamesOf(state, relay) })] };
        bool keepsSome = change.Concerns == TableChange.Extent.Some;
        _siteTables = keepsSome ? Kept(before._siteTables, change.Sites, change.Relays) : [];
        _clientTables = keepsSome ? Kept(before._clientTables, change.Clients, change.Relays) : [];
    }

    public NetworkState State { get; }

    public Access Access { get; }

    /// <summary>Everything that runs a program of ours.</summary>
    public IEnumerable<Agent> Agents => _names.Keys;

    /// <summary>The agents that a revocation must reach: relays and connectors.</summary>
    public IEnumerable<Agent> Enforcers => _names.Keys.Where(agent => agent.Kind is AgentKind.Relay or AgentKind.Connector);

    public CompiledRows<Site, SiteRow> Sites { get; } = CompiledRows<Site, SiteRow>.Empty;

    public CompiledRows<Resource, ResourceRow> Resources { get; } = CompiledRows<Resource, ResourceRow>.Empty;

    public CompiledRows<Peer, CompiledPeer> Peers { get; } = CompiledRows<Peer, CompiledPeer>.Empty;

    public CompiledGrants Grants { get; } = CompiledGrants.Empty;

    public CompiledSsh Ssh { get; } = CompiledSsh.Empty;

    /// <summary>The network after a change. Equal to a new one of <paramref name="state"/>, but for the revisions of tables that the change does not touch.</summary>
    public CompiledNetwork Next(NetworkState state) => new(state, this);

    public bool Exists(Agent agent) => _names.ContainsKey(agent);

    /// <summary>"connector office-1".</summary>
    public string NameOf(Agent agent) => $"{Names.Of(agent.Kind)} {_names.GetValueOrDefault(agent, "(removed)")}";

    public bool IsDraining(Agent connector) => Peers.Find(connector.Id) is { Row.Draining: true };

    public Credential? FindCredential(string id) => _credentials.GetValueOrDefault(id);

    /// <summary>All that a client may reach; null for nothing.</summary>
    public GrantRow? GrantOf(int client) => Grants.Find(client);

    /// <summary>The view of one agent.</summary>
    public Table TableOf(Agent agent) => agent.Kind switch
    {
        AgentKind.Relay => _ofRelays,
        AgentKind.Connector => Peers.FindItem(agent.Id)?.Site is { } site ? _siteTables.GetOrAdd(site, SiteTable) : EmptyTable,
        _ => _clientTables.GetOrAdd(agent.Id, ClientTable),
    };

    /// <summary>No rows, at this revision: what an agent without a place in the network holds.</summary>
    private Table EmptyTable => _all with { Relays = [], Sites = [], Peers = [], Resources = [], Grants = [] };

    /// <summary>The tables that a change does not touch, or in their relays only: their other lists stay the same objects.</summary>
    private ConcurrentDictionary<int, Table> Kept(ConcurrentDictionary<int, Table> tables, HashSet<int> touched, bool relays)
    {
        var kept = tables.Where(entry => !touched.Contains(entry.Key));
        return new(relays ? kept.Select(entry => KeyValuePair.Create(entry.Key, WithRelays(entry.Value))) : kept);
    }

    /// <summary>Whose table leads nowhere needs no relay.</summary>
    private Table WithRelays(Table table) => table.Sites.Count == 0 ? table : table with { Revision = _all.Revision, Relays = _all.Relays };

    private static bool HaveSameAgents(NetworkState from, NetworkState to) =>
        from.Relays.Count == to.Relays.Count && from.Peers.Count == to.Peers.Count
        && from.Relays.Zip(to.Relays).All(pair => pair.First.Id == pair.Second.Id && pair.First.Name == pair.Second.Name)
        && (ReferenceEquals(from.Peers, to.Peers) || from.Peers.Zip(to.Peers).All(pair => ReferenceEquals(pair.First, pair.Second)
            || (pair.First.Id == pair.Second.Id && pair.First.Name == pair.Second.Name && pair.First.Kind == pair.Second.Kind && pair.First.Stock == pair.Second.Stock)));

    private static Dictionary<Agent, string> NamesOf(NetworkState state) =>
        state.Relays.Select(relay => (Agent: new Agent(AgentKind.Relay, relay.Id), relay.Name))
            .Concat(state.Peers.Where(peer => !peer.Stock).Select(peer => (new Agent(Names.AgentOf(peer.Kind), peer.Id), peer.Name)))
            .ToDictionary(entry => entry.Item1, entry => entry.Name);

    /// <summary>Lists that a change does not touch are the same objects before and after it.</summary>
    private Table WholeTable(NetworkState state, bool newRelays, CompiledNetwork before) => state.Organisation is null ? new Table { Revision = 0, Lineage = _lineage, Organisation = "", Overlay = [] } : new Table
    {
        Revision = state.Revision,
        Lineage = _lineage,
        Organisation = state.Organisation,
        Overlay = [Overlay.Ipv4.ToString(), Overlay.Organisation(state.OverlayIpv6).ToString()],
        Relays = !newRelays ? before._all.Relays : [.. state.Relays.Select(relay => new RelayRow(relay.Id, relay.Name, relay.PublicKey, [.. relay.Endpoints], relay.Gateway, TlsOf(relay)))],
        Sites = Sites.Changed.Count == 0 ? before._all.Sites : [.. Sites.All.Select(entry => entry.Row)],
        Peers = Peers.Changed.Count == 0 ? before._all.Peers : [.. Peers.All.Select(entry => entry.Row.Row)],
        Resources = Resources.Changed.Count == 0 ? before._all.Resources : [.. Resources.All.Select(entry => entry.Row)],
        Grants = Grants.ChangedClients.Count == 0 ? before._all.Grants : [.. Peers.All.Select(entry => Grants.Find(entry.Item.Id)).OfType<GrantRow>()],
    };

    /// <summary>All relays; the site with its resources and connectors; the clients that reach something there, without preshared keys.</summary>
    private Table SiteTable(int site) => _all with
    {
        Sites = [Sites.Find(site)!],
        Peers = [.. _connectors[site].Concat(Grants.ClientsAt(site)).Order().Select(id => Peers.Find(id)!.Shown)],
        Resources = [.. _all.Resources.Where(resource => resource.Site == site)],
        Grants = [.. Grants.AtSite(site)],
        Ssh = [.. _all.Resources.Where(resource => resource.Site == site).Select(resource => Ssh.Find(resource.Id)).OfType<SshRow>()],
    };

    /// <summary>All relays, the client itself, what it was granted, and the connectors that lead there.</summary>
    private Table ClientTable(int client)
    {
        if (Grants.Find(client) is not { } grant)
            return EmptyTable with { Peers = Peers.Find(client) is { } only ? [only.Row] : [] };
        var resources = grant.Resources.Select(id => Resources.Find(id)!).ToList();
        var sites = resources.Select(resource => resource.Site).Distinct().Order().ToList();
        return _all with
        {
            Sites = [.. sites.Select(site => Sites.Find(site)!)],
            Peers = [.. sites.SelectMany(site => _connectors[site]).Append(client).Order().Select(id => Peers.Find(id)!.Row)],
            Resources = resources,
            Grants = [grant],
        };
    }

    /// <summary>Relay and connectors need no word for a sealed client: it is a machine of which a stock node holds the sessions.</summary>
    private static PeerRow Row(Peer peer, string? presharedKey) => new(
        peer.Id, peer.Sealed ? PeerKind.Machine : peer.Kind, peer.Name, peer.PublicKey, presharedKey,
        [.. peer.Addresses.Select(address => address.ToString())],
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
        [.. resource.OverlayPrefixes.Select(prefix => prefix.ToString())],
        resource.Alias, [.. resource.Tcp], [.. resource.Udp], resource.Icmp);
}
