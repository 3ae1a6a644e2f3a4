using System.Net;

namespace Keyhole.Control;

/// <summary>
/// What every agent needs of one <see cref="NetworkState"/>: a calculation without time, so that the same state always gives
/// the same tables. Each agent gets the least that it can work with.
/// </summary>
internal sealed class CompiledNetwork
{
    private static readonly Table Nothing = new() { Revision = 0, Organisation = "", Overlay = [] };

    private readonly Table _all;
    private readonly Table _ofRelays;
    private readonly Dictionary<int, Table> _sites = [];
    private readonly Dictionary<int, SiteRow> _siteRows;
    private readonly Dictionary<int, ResourceRow> _resources;
    private readonly Dictionary<int, PeerRow> _peers;
    private readonly Dictionary<int, GrantRow> _grants;
    private readonly ILookup<int, GrantRow> _grantsBySite;
    private readonly Dictionary<string, Credential> _credentials;
    private readonly Dictionary<Agent, string> _names;

    /// <param name="presharedKeyOf">Opens the preshared key of a peer; null where it has none.</param>
    public CompiledNetwork(NetworkState state, Func<Peer, string?> presharedKeyOf)
    {
        State = state;
        _credentials = state.Credentials.ToDictionary(credential => credential.Id, StringComparer.Ordinal);
        _names = state.Relays.Select(relay => (Agent: new Agent(AgentKind.Relay, relay.Id), relay.Name))
            .Concat(state.Peers.Where(peer => !peer.Stock).Select(peer =>
                (new Agent(Names.AgentOf(peer.Kind), peer.Id), peer.Name)))
            .ToDictionary(entry => entry.Item1, entry => entry.Name);
        var access = new Access(state);
        _siteRows = state.Sites.ToDictionary(site => site.Id, site => new SiteRow(site.Id, site.Name));
        _resources = state.Resources.ToDictionary(resource => resource.Id, Row);
        _peers = state.Peers.Where(access.IsActive).ToDictionary(peer => peer.Id, peer => Row(peer, presharedKeyOf(peer)));
        var prefixes = state.Resources.ToDictionary(resource => resource.Id, resource => (resource.Site, resource.Destination.Prefix));
        var grants = state.Peers.Where(peer => peer.IsClient)
            .Select(peer => (Client: peer.Id, Resources: access.Of(peer)))
            .Where(grant => grant.Resources.Count != 0)
            .Select(grant => new GrantRow(grant.Client, [.. grant.Resources], OverlayOnly(grant.Resources, prefixes)))
            .ToList();
        _grants = grants.ToDictionary(grant => grant.Client);
        _grantsBySite = grants.SelectMany(grant => BySite(grant)).ToLookup(entry => entry.Site, entry => entry.Row);
        _all = state.Organisation is null ? Nothing : new Table
        {
            Revision = state.Revision,
            Organisation = state.Organisation,
            Overlay = [Overlay.Ipv4.ToString(), Overlay.Organisation(state.OverlayIpv6).ToString()],
            Relays = [.. state.Relays.Select(relay => new RelayRow(relay.Id, relay.Name, relay.PublicKey, [.. relay.Endpoints], relay.Gateway, TlsOf(relay)))],
            Sites = [.. _siteRows.Values],
            Peers = [.. state.Peers.Where(peer => _peers.ContainsKey(peer.Id)).Select(peer => _peers[peer.Id])],
            Resources = [.. state.Resources.Select(resource => _resources[resource.Id])],
            Grants = grants,
        };
        _ofRelays = _all with { Relays = [.. _all.Relays.Select(relay => relay with { Names = NamesOf(state) })] };
    }

    public NetworkState State { get; }

    /// <summary>Everything that runs a program of ours.</summary>
    public IEnumerable<Agent> Agents => _names.Keys;

    /// <summary>The agents that a revocation must reach: relays and connectors.</summary>
    public IEnumerable<Agent> Enforcers => _names.Keys.Where(agent => agent.Kind is AgentKind.Relay or AgentKind.Connector);

    public bool Exists(Agent agent) => _names.ContainsKey(agent);

    /// <summary>"connector office-1".</summary>
    public string NameOf(Agent agent) => $"{Names.Of(agent.Kind)} {_names.GetValueOrDefault(agent, "(removed)")}";

    public bool IsDraining(Agent connector) => _peers.TryGetValue(connector.Id, out var row) && row.Draining;

    public Credential? FindCredential(string id) => _credentials.GetValueOrDefault(id);

    /// <summary>The view of one agent.</summary>
    public Table TableOf(Agent agent) => agent.Kind switch
    {
        AgentKind.Relay => _ofRelays,
        AgentKind.Connector => _peers.TryGetValue(agent.Id, out var connector) && connector.Site is { } site ? TableOfSite(site) : Empty,
        _ => TableOfClient(agent.Id),
    };

    /// <summary>No rows, at this revision: what an agent without a place in the network holds.</summary>
    private Table Empty => _all with { Relays = [], Sites = [], Peers = [], Resources = [], Grants = [] };

    /// <summary>All relays; the site with its resources and connectors; the clients that reach something there, without preshared keys.</summary>
    private Table TableOfSite(int site)
    {
        lock (_sites)
            return _sites.TryGetValue(site, out var known) ? known : _sites[site] = CompileSite(site);
    }

    private Table CompileSite(int site)
    {
        var grants = _grantsBySite[site].ToList();
        var clients = grants.Select(grant => grant.Client).ToHashSet();
        return _all with
        {
            Sites = [_siteRows[site]],
            Peers = [.. _all.Peers.Where(peer => peer.Site == site || clients.Contains(peer.Id)).Select(WithoutPresharedKey)],
            Resources = [.. _all.Resources.Where(resource => resource.Site == site)],
            Grants = grants,
        };
    }

    /// <summary>All relays, the client itself, what it was granted, and the connectors that lead there.</summary>
    private Table TableOfClient(int client)
    {
        if (!_grants.TryGetValue(client, out var grant))
            return Empty with { Peers = [.. _all.Peers.Where(peer => peer.Id == client)] };
        var resources = grant.Resources.Select(id => _resources[id]).ToList();
        var sites = resources.Select(resource => resource.Site).ToHashSet();
        return _all with
        {
            Sites = [.. _all.Sites.Where(site => sites.Contains(site.Id))],
            Peers = [.. _all.Peers.Where(peer => peer.Id == client || (peer.Site is { } site && sites.Contains(site)))],
            Resources = resources,
            Grants = [grant],
        };
    }

    private IEnumerable<(int Site, GrantRow Row)> BySite(GrantRow grant) =>
        grant.Resources.GroupBy(id => _resources[id].Site).Select(group =>
            (group.Key, new GrantRow(grant.Client, [.. group], [.. grant.OverlayOnly.Where(id => _resources[id].Site == group.Key)])));

    /// <summary>
    /// The resources whose native prefix another site's resource claims too for this client. Where one prefix lies inside another
    /// the longer one is meant, as in every routing table; only equal ones leave no answer.
    /// </summary>
    private static List<int> OverlayOnly(IReadOnlyCollection<int> granted, Dictionary<int, (int Site, IPNetwork? Prefix)> prefixes)
    {
        var claimed = granted.Where(id => prefixes[id].Prefix is not null)
            .GroupBy(id => prefixes[id].Prefix!.Value)
            .Where(group => group.Select(id => prefixes[id].Site).Distinct().Count() > 1);
        return [.. claimed.SelectMany(group => group).Order()];
    }

    private static PeerRow WithoutPresharedKey(PeerRow peer) => peer.PresharedKey is null ? peer : peer with { PresharedKey = null };

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

    private static RelayNames NamesOf(NetworkState state) => new([.. Overlay.NameServers(state.OverlayIpv6).Select(address => address.ToString())], []);

    private static ResourceRow Row(Resource resource) => new(
        resource.Id, resource.Site, resource.Name, resource.Destination.Text,
        [.. new[] { resource.OverlayIpv4, resource.OverlayIpv6 }.OfType<IPNetwork>().Select(prefix => prefix.ToString())],
        resource.Alias, [.. resource.Tcp], [.. resource.Udp], resource.Icmp);
}
