using System.Net;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>
/// Calculates the network that a description asks for out of the present one. Objects are the same object when kind and name
/// are the same; what they were given (identifiers, addresses, keys, credentials) they keep.
/// </summary>
internal sealed class Reconciliation
{
    private readonly NetworkState _present;
    private readonly NetworkDescription _wanted;
    private readonly DateTimeOffset _now;
    private readonly OverlayAllocation _overlay;
    private int _nextId;

    private Reconciliation(NetworkState present, NetworkDescription wanted, DateTimeOffset now, UInt128 overlayIpv6)
    {
        _present = present;
        _wanted = wanted;
        _now = now;
        _nextId = present.Cursors.Id;
        _overlay = new OverlayAllocation(overlayIpv6, present.Cursors);
    }

    /// <summary>
    /// The next state; equal to <paramref name="present"/> when nothing is to be done, else with the next revision.
    /// </summary>
    /// <param name="random">For the organisation's IPv6 prefix, the first time.</param>
    /// <exception cref="OverlayExhaustedException">A range of the overlay has no free address left.</exception>
    public static NetworkState Reconcile(NetworkState present, NetworkDescription wanted, DateTimeOffset now, RandomSource random)
    {
        var overlay = present.Organisation is null ? RandomPrefix(random) : present.OverlayIpv6;
        var next = new Reconciliation(present, wanted, now, overlay).Run() with { Organisation = wanted.Organisation, OverlayIpv6 = overlay };
        return next == present ? present : next with { Revision = present.Revision + 1 };
    }

    private NetworkState Run()
    {
        var sites = Each(_present.Sites, _wanted.Sites, name => name, (site, name, id) => site is null ? new Site(id, name) : site with { Name = name });
        var relays = Each(_present.Relays, _wanted.Relays, relay => relay.Name,
            (relay, wanted, id) => new Relay(id, wanted.Name, wanted.Endpoints, wanted.Gateway, relay?.PublicKey, relay?.Tls) { TlsEndpoints = wanted.TlsEndpoints, DnsForward = wanted.DnsForward });
        var fixedRoles = FixedRoles.All.Select(name => new RoleDescription(name, FixedRoles.PermissionsOf(name)));
        var roles = Each(_present.Roles, fixedRoles.Concat(_wanted.Roles), role => role.Name, (_, wanted, id) => new Role(id, wanted.Name, wanted.Permissions));
        var users = Each(_present.Users, _wanted.Users, user => user.Email,
            (user, wanted, id) => (user ?? new User(id, wanted.Email, [])) with { Email = wanted.Email, Roles = wanted.Roles.Select(name => IdOf(roles, name)).Order().ToValueList() });
        var peers = Peers(sites, users);
        var resources = Resources(sites);
        return _present with
        {
            Cursors = _overlay.Cursors with { Id = _nextId },
            Relays = relays,
            Sites = sites,
            Roles = roles,
            Users = users,
            Peers = peers,
            Resources = resources,
            Grants = Grants(resources, roles, users, peers),
            Credentials = _present.Credentials.Where(credential => Remains(credential.Agent, relays, peers)).ToValueList(),
        };
    }

    private ValueList<Peer> Peers(ValueList<Site> sites, ValueList<User> users)
    {
        var connectors = Each(Of(PeerKind.Connector), _wanted.Connectors, wanted => wanted.Name,
            (peer, wanted, id) => WithDeclaredKey(peer ?? new Peer(id, PeerKind.Connector, wanted.Name), wanted.PublicKey) with
            {
                Name = wanted.Name,
                Site = IdOf(sites, wanted.Site),
            });
        var machines = Each(Of(PeerKind.Machine), _wanted.Machines, wanted => wanted.Name,
            (peer, wanted, id) => WithDeclaredKey(peer ?? new Peer(id, PeerKind.Machine, wanted.Name), wanted.PublicKey) with { Name = wanted.Name });
        var clients = Each(Of(PeerKind.ExternalClient), _wanted.ExternalClients, wanted => wanted.Name,
            (peer, wanted, id) => WithDeclaredKey(peer ?? new Peer(id, PeerKind.ExternalClient, wanted.Name), wanted.PublicKey) with
            {
                Name = wanted.Name,
                Dns = wanted.Dns,
                Expires = wanted.Expires,
                Expired = wanted.Expires <= _now,
                Sealed = wanted.Sealed,
            });
        // Devices stand in no file. One whose user is gone is nobody's, and stays as a record.
        var devices = Of(PeerKind.Device).Select(device => device.Owner is { } owner && users.All(user => user.Id != owner)
            ? device with { Owner = null, DeviceState = DeviceState.Archived } : device);
        var addresses = _wanted.ExternalClients.ToDictionary(client => client.Name, client => (client.Ipv4, client.Ipv6), Names.Comparer);
        return [.. _overlay.AssignClients([.. machines, .. devices, .. clients], peer => peer.Kind == PeerKind.ExternalClient ? addresses[peer.Name] : default)
            .Concat(connectors).OrderBy(peer => peer.Id)];
    }

    private IEnumerable<Peer> Of(PeerKind kind) => _present.Peers.Where(peer => peer.Kind == kind);

    /// <summary>A declared key rules; when the declaration goes, so does the key. The preshared key belongs to the public one.</summary>
    private static Peer WithDeclaredKey(Peer peer, string? declared) =>
        declared is not null
            ? peer.PublicKey == declared && peer.KeySource == KeySource.Declared ? peer
                : peer with { PublicKey = declared, KeySource = KeySource.Declared, SealedPresharedKey = null }
        : peer.KeySource == KeySource.Declared ? peer with { PublicKey = null, KeySource = KeySource.None, SealedPresharedKey = null }
        : peer;

    private ValueList<Resource> Resources(ValueList<Site> sites)
    {
        var resources = Each(_present.Resources, _wanted.Resources, wanted => wanted.Name,
            (resource, wanted, id) =>
            {
                // Another number of host bits does not fit the old overlay prefixes.
                bool keeps = resource is not null && resource.Destination.HostBits == wanted.Destination.HostBits;
                return new Resource(id, wanted.Name, IdOf(sites, wanted.Site), wanted.Destination,
                    wanted.Alias, wanted.Tcp, wanted.Udp, wanted.Icmp, keeps ? resource!.OverlayIpv4 : null, keeps ? resource!.OverlayIpv6 : null)
                {
                    Ssh = wanted.Ssh,
                };
            });
        return _overlay.AssignResources(resources);
    }

    private ValueList<Grant> Grants(ValueList<Resource> resources, ValueList<Role> roles, ValueList<User> users, ValueList<Peer> peers)
    {
        var resourceIds = resources.ToDictionary(resource => resource.Name, resource => resource.Id, Names.Comparer);
        var principals = new Dictionary<PrincipalKind, Dictionary<string, int>>
        {
            [PrincipalKind.Role] = roles.ToDictionary(role => role.Name, role => role.Id, Names.Comparer),
            [PrincipalKind.User] = users.ToDictionary(user => user.Email, user => user.Id, Names.Comparer),
            [PrincipalKind.Machine] = peers.Where(peer => peer.Kind == PeerKind.Machine).ToDictionary(peer => peer.Name, peer => peer.Id, Names.Comparer),
            [PrincipalKind.ExternalClient] = peers.Where(peer => peer.Kind == PeerKind.ExternalClient).ToDictionary(peer => peer.Name, peer => peer.Id, Names.Comparer),
        };
        return _wanted.Grants.Select(grant => new Grant(resourceIds[grant.Resource], grant.Kind, principals[grant.Kind][grant.Principal]))
            .Distinct().OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal).ToValueList();
    }

    /// <summary>A stock node has no program of ours that could log in.</summary>
    private static bool Remains(Agent agent, ValueList<Relay> relays, ValueList<Peer> peers) => agent.Kind == AgentKind.Relay
        ? relays.Any(relay => relay.Id == agent.Id)
        : peers.Any(peer => peer.Id == agent.Id && !peer.Stock && peer.DeviceState != DeviceState.Archived);

    private ValueList<T> Each<T, TWanted>(
        IEnumerable<T> present,
        IEnumerable<TWanted> wanted,
        Func<TWanted, string> nameOf,
        Func<T?, TWanted, int, T> make) where T : class, INamed
    {
        var known = present.ToDictionary(item => item.Name, Names.Comparer);
        var made = new List<T>();
        foreach (var item in wanted)
        {
            var old = known.GetValueOrDefault(nameOf(item));
            int id = old is null ? _nextId++ : old.Id;
            made.Add(make(old, item, id));
        }

        return made.OrderBy(item => item.Id).ToValueList();
    }

    private static int IdOf<T>(ValueList<T> items, string name) where T : INamed =>
        items.First(item => Names.Comparer.Equals(item.Name, name)).Id;

    /// <summary>RFC 4193 section 3.2: fd00::/8 and 40 random bits make a /48.</summary>
    private static UInt128 RandomPrefix(RandomSource random)
    {
        var bytes = new byte[16];
        random.Fill(bytes.AsSpan(1, 5));
        bytes[0] = 0xFD;
        return Overlay.ToUInt128(new IPAddress(bytes));
    }
}
