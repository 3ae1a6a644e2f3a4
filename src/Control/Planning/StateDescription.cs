namespace Keyhole.Control;

/// <summary>
/// Describes a network as it is: reconciled with the same network, it changes nothing. A change of one object is then a change
/// of this description.
/// </summary>
internal static class StateDescription
{
    public static NetworkDescription Of(NetworkState state)
    {
        var names = state.Sites.Select(INamed (item) => item).Concat(state.Resources).Concat(state.Roles).Concat(state.Users).Concat(state.Peers)
            .ToDictionary(item => item.Id, item => item.Name);
        return new NetworkDescription
        {
            Organisation = state.Organisation!,
            Relays = state.Relays.Select(relay => new RelayDescription(relay.Name, relay.Endpoints, relay.TlsEndpoints, relay.Gateway) { DnsForward = relay.DnsForward }).ToValueList(),
            Sites = state.Sites.Select(site => site.Name).ToValueList(),
            Connectors = Of(state, PeerKind.Connector).Select(peer => new ConnectorDescription(peer.Name, names[peer.Site!.Value], DeclaredKey(peer))).ToValueList(),
            Resources = state.Resources.Select(resource =>
                new ResourceDescription(resource.Name, names[resource.Site], resource.Destination, resource.Alias, resource.Tcp, resource.Udp, resource.Icmp) { Ssh = resource.Ssh }).ToValueList(),
            Roles = state.Roles.Where(role => !role.IsFixed).Select(role => new RoleDescription(role.Name, role.Permissions)).ToValueList(),
            Users = state.Users.Select(user => new UserDescription(user.Email, user.Roles.Select(role => names[role]).ToValueList())).ToValueList(),
            Machines = Of(state, PeerKind.Machine).Select(peer => new MachineDescription(peer.Name, DeclaredKey(peer))).ToValueList(),
            ExternalClients = Of(state, PeerKind.ExternalClient).Select(peer =>
                new ExternalClientDescription(peer.Name, DeclaredKey(peer), peer.Ipv4, peer.Ipv6, peer.Dns, peer.Expires, peer.Sealed)).ToValueList(),
            Grants = state.Grants.Select(grant => new GrantDescription(names[grant.Resource], grant.Kind, names[grant.Principal])).ToValueList(),
        };
    }

    private static IEnumerable<Peer> Of(NetworkState state, PeerKind kind) => state.Peers.Where(peer => peer.Kind == kind);

    private static string? DeclaredKey(Peer peer) => peer.KeySource == KeySource.Declared ? peer.PublicKey : null;
}
