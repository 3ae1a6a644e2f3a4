using System.Net;

namespace Keyhole.Control.Tests;

/// <summary>The tables of a network by their definition, each one from the whole state: slow, and with nothing to go stale.</summary>
internal sealed class NaiveTables(NetworkState state)
{
    public Table TableOf(Agent agent)
    {
        var whole = new CompiledNetwork(state, Psk, Samples.Lineage).TableOf(new Agent(AgentKind.Relay, 0));
        var own = state.Peers.FirstOrDefault(peer => peer.Id == agent.Id);
        var active = state.Peers.Where(IsActive).ToList();
        var resources = agent.Kind switch
        {
            AgentKind.Relay => state.Resources.ToList(),
            AgentKind.Connector => [.. state.Resources.Where(resource => own is not null && IsActive(own) && resource.Site == own.Site)],
            _ => [.. state.Resources.Where(resource => own is not null && Reaches(own, resource))],
        };
        var sites = agent.Kind switch
        {
            AgentKind.Relay => [.. state.Sites.Select(site => site.Id)],
            AgentKind.Connector => own is { Site: { } site } && IsActive(own) ? [site] : new List<int>(),
            _ => [.. resources.Select(resource => resource.Site).Distinct()],
        };
        var peers = agent.Kind switch
        {
            AgentKind.Relay => active,
            AgentKind.Connector => [.. active.Where(peer => sites.Contains(peer.Site ?? 0) || resources.Exists(resource => Reaches(peer, resource)))],
            _ => [.. active.Where(peer => peer.Id == agent.Id || sites.Contains(peer.Site ?? 0))],
        };
        bool hasPlace = agent.Kind == AgentKind.Relay || sites.Count > 0;
        return new Table
        {
            Revision = state.Revision,
            Lineage = whole.Lineage,
            Organisation = whole.Organisation,
            Overlay = whole.Overlay,
            Relays = hasPlace ? [.. whole.Relays.Select(relay => agent.Kind == AgentKind.Relay ? relay : relay with { Names = null })] : [],
            Sites = [.. state.Sites.Where(site => sites.Contains(site.Id)).Select(site => new SiteRow(site.Id, site.Name))],
            Peers = [.. peers.Select(peer => Row(peer, agent.Kind != AgentKind.Connector))],
            Resources = [.. whole.Resources.Where(row => resources.Exists(resource => resource.Id == row.Id))],
            Grants = [.. peers.Where(peer => peer.IsClient).Select(peer => Grant(peer, resources)).OfType<GrantRow>()],
            Ssh = agent.Kind == AgentKind.Connector ? [.. resources.Select(Ssh).OfType<SshRow>()] : [],
        };
    }

    public static string? Psk(Peer peer) => peer.Kind == PeerKind.ExternalClient ? $"psk {peer.Id}" : null;

    private GrantRow? Grant(Peer client, List<Resource> within)
    {
        var all = state.Resources.Where(resource => Reaches(client, resource)).ToList();
        var shown = all.Where(within.Contains).Select(resource => resource.Id).ToList();
        var claimed = all.Where(resource => resource.Destination.Prefix is { } prefix
            && all.Exists(other => other.Site != resource.Site && other.Destination.Prefix is { } same && same.Equals(prefix))).Select(resource => resource.Id);
        return shown.Count == 0 ? null : new GrantRow(client.Id, shown, [.. claimed.Where(shown.Contains)]);
    }

    private SshRow? Ssh(Resource resource)
    {
        if (resource.Ssh is not { } settings || state.Ssh.Authority is null)
            return null;
        var host = state.Ssh.Hosts.FirstOrDefault(host => host.Resource == resource.Id);
        bool open = resource.Tcp.Any(range => range.First <= 22 && range.Last >= 22);
        return new SshRow(
            resource.Id, state.Ssh.Authority,
            settings.External ? new SshDaemon(resource.Destination.Text, settings.Port, settings.Pin ?? host?.Pin) : null,
            [.. state.Ssh.Keys.OrderByDescending(key => key.Number).Select(key => key.PublicKey)],
            [.. state.Users.Where(user => open && !user.Disabled && state.Grants.Any(grant => grant.Resource == resource.Id
                && (grant == new Grant(resource.Id, PrincipalKind.User, user.Id) || user.Roles.Any(role => grant == new Grant(resource.Id, PrincipalKind.Role, role))))).Select(user => user.Id)],
            [.. state.Ssh.Issued.Where(issued => issued.Revoked && issued.Resource == resource.Id).Select(issued => issued.Serial)],
            [.. host?.Certificates ?? []])
        {
            Site = resource.Site,
            Groups = [.. settings.Groups],
            Sudo = new SshSudo(settings.Sudo, [.. settings.SudoCommands]),
            Connectors = [.. state.Peers.Where(peer => peer.Kind == PeerKind.Connector && peer.Site == resource.Site && !peer.Stock && IsActive(peer)).Select(peer => peer.PublicKey).OfType<string>().Order(StringComparer.Ordinal)],
        };
    }

    private bool Reaches(Peer client, Resource resource) => client.IsClient && IsActive(client) && state.Grants.Any(grant => grant.Resource == resource.Id && IsFor(grant, client));

    private bool IsFor(Grant grant, Peer client) => (grant.Kind, client.Kind) switch
    {
        (PrincipalKind.Machine, PeerKind.Machine) or (PrincipalKind.ExternalClient, PeerKind.ExternalClient) => grant.Principal == client.Id,
        (PrincipalKind.User, PeerKind.Device) => grant.Principal == client.Owner,
        (PrincipalKind.Role, PeerKind.Device) => OwnerOf(client)?.Roles.Contains(grant.Principal) == true,
        _ => false,
    };

    private bool IsActive(Peer peer) => !peer.Expired && peer.Enabled && (peer.Kind != PeerKind.Device
        || (peer.DeviceState == DeviceState.Approved && OwnerOf(peer) is { Disabled: false } && state.Credentials.Any(credential => credential.Agent == new Agent(AgentKind.Device, peer.Id))));

    private User? OwnerOf(Peer device) => state.Users.FirstOrDefault(user => user.Id == device.Owner);

    private static PeerRow Row(Peer peer, bool withPsk) => new(
        peer.Id, peer.Sealed ? PeerKind.Machine : peer.Kind, peer.Name, peer.PublicKey, withPsk ? Psk(peer) : null,
        [.. new[] { peer.Ipv4, peer.Ipv6 }.OfType<IPAddress>().Select(address => address.ToString())], peer.Site, peer.Stock, peer.Draining);
}
