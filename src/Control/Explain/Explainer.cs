namespace Keyhole.Control;

/// <summary>
/// Answers who reaches what by the same tables that agents are given, and by what Control has seen of the agents. The first thing in the way is the reason:
/// identity, target, grant, port rule, site, connectors, relays.
/// </summary>
/// <param name="statusOf">What is known of an agent.</param>
internal sealed class Explainer(CompiledNetwork network, Func<Agent, AgentStatus> statusOf)
{
    private readonly NetworkState _state = network.State;
    private readonly Access _access = network.Access;

    /// <param name="subject">See <see cref="ExplainSubject.Fix"/>.</param>
    /// <param name="target">See <see cref="ExplainTarget.Fix"/>.</param>
    /// <exception cref="OperatorException">One of them is nobody or nothing.</exception>
    public Explanation Explain(string subject, string target)
    {
        var who = ExplainSubject.Find(_state, subject);
        var wanted = ExplainTarget.Parse(target);
        var granted = (who.User is { } user ? _access.Of(user) : _access.Granted(who.Kind, who.Id)).ToHashSet();
        var candidates = new ResourceSearch(_state).Find(wanted);
        var allowed = candidates.Where(resource => granted.Contains(resource.Id)).ToList();
        var resource = allowed.FirstOrDefault(found => Opens(found, wanted)) ?? allowed.FirstOrDefault() ?? candidates.FirstOrDefault();
        var clients = who.Clients.Select(client => new ExplainedClient(
            $"{Names.Of(client.Kind)} {client.Name}", [.. client.Addresses.Select(address => address.ToString())], ClientObstacle(client))).ToList();
        var connectors = resource is null ? [] : Connectors(resource, who);
        bool overlayOnly = resource is not null && who.Clients.Any(client => network.GrantOf(client.Id)?.OverlayOnly.Contains(resource.Id) == true);
        var refusal = Identity(who) ?? Missing(wanted, candidates) ?? NotGranted(who, wanted, candidates, allowed) ?? PortRule(wanted, resource!) ?? Ambiguous(wanted, resource!, overlayOnly);
        var obstacle = refusal ?? NoClient(who, clients) ?? Entrance(who) ?? Exit(resource!, connectors);
        return new Explanation(
            who.ToString(), target, refusal is null, obstacle is null, obstacle?.Reason, obstacle?.Fix,
            resource is null ? null : Describe(resource, overlayOnly),
            resource is null ? [] : GrantsOf(who, resource), clients, connectors)
        {
            Ssh = who.User is { } person && resource?.Ssh is not null ? Ssh(person, resource) : null,
        };
    }

    private string Ssh(User user, Resource resource) => user.Disabled ? $"{user.Email} is disabled"
        : new SshPolicy(_state, connector => statusOf(new Agent(AgentKind.Connector, connector)).Connected).Explain(user, resource)?.ToString() ?? "works";

    private static (string Reason, string Fix)? Identity(ExplainSubject who) =>
        who.User is { Disabled: true }
            ? ($"{who} is disabled", "enable the user")
            : null;

    private (string Reason, string Fix)? Missing(in ExplainTarget target, List<Resource> candidates)
    {
        if (candidates.Count > 0)
            return null;
        string hint = target.Address is null && Nearest.To(target.Host, _state.Resources.Select(resource => resource.Name).Concat(_state.Resources.Select(resource => resource.Alias).OfType<string>())) is { } nearest
            ? $"did you mean {nearest}? Else define"
            : "define";
        return ($"no resource leads to {Findings.Shown(target.Host)}", $"{hint} one: {{ name: NAME, site: SITE, destination: \"{Findings.Shown(target.Host)}\", tcp: \"{(target.Port == 0 ? "*" : target.Port)}\" }} under resources, and grant it");
    }

    private (string Reason, string Fix)? NotGranted(ExplainSubject who, in ExplainTarget target, List<Resource> candidates, List<Resource> allowed)
    {
        if (allowed.Count > 0)
            return null;
        var wanted = target;
        var best = candidates.FirstOrDefault(resource => Opens(resource, wanted)) ?? candidates[0];
        string list = who.Kind switch
        {
            PrincipalKind.User => $"users: [{who.Name}]",
            PrincipalKind.Machine => $"machines: [{who.Name}]",
            _ => $"external-clients: [{who.Name}]",
        };
        var roles = _state.Grants.Where(grant => grant.Resource == best.Id && grant.Kind == PrincipalKind.Role)
            .Select(grant => _state.Roles.First(role => role.Id == grant.Principal).Name).ToList();
        string orRole = who.User is not null && roles.Count > 0 ? $", or give {who.Name} the role {string.Join(" or ", roles)}" : "";
        return ($"{best.Name} is not granted to {who}{(who.User is not null ? " nor to a role of theirs" : "")}", $"write {{ resource: {best.Name}, {list} }} under grants and apply{orRole}");
    }

    private static (string Reason, string Fix)? PortRule(in ExplainTarget target, Resource resource)
    {
        if (Opens(resource, target))
            return null;
        string opens = $"{resource.Name} opens TCP {Shown(resource.Tcp)}, UDP {Shown(resource.Udp)}, ping {(resource.Icmp ? "yes" : "no")}";
        return target.Port == 0
            ? ($"{opens}: nothing passes", $"open ports of {resource.Name}: tcp: \"22,80\", udp: \"53\" or icmp: true")
            : ($"{opens}: port {target.Port} is not among them", $"add {target.Port} to {(target.IsUdp == true ? "udp" : "tcp")} of {resource.Name}");
    }

    private (string Reason, string Fix)? Ambiguous(in ExplainTarget target, Resource resource, bool overlayOnly)
    {
        if (!overlayOnly || target.Address is not { } address || resource.OverlayPrefixes.Any(prefix => prefix.Contains(address)))
            return null;
        return ($"several granted sites have {address}: it does not say which is meant", $"use {resource.Alias ?? string.Join(" or ", resource.OverlayPrefixes)} for {resource.Name} on {SiteOf(resource)}");
    }

    private static (string Reason, string Fix)? NoClient(ExplainSubject who, List<ExplainedClient> clients)
    {
        if (clients.Exists(client => client.Obstacle is null))
            return null;
        if (who.User is not null && clients.Count == 0)
            return ($"{who} has no device", "on the device: keyhole login, then keyhole up");
        var (client, peer) = (clients[0], who.Clients[0]);
        return ($"{client.Name}: {client.Obstacle}", peer switch
        {
            { DeviceState: DeviceState.Pending } => "approve the device",
            { DeviceState: DeviceState.Blocked } => "unblock the device",
            { DeviceState: DeviceState.Archived } => "restore the device",
            { Expired: true } => $"change the expiry of {client.Name}",
            { Enabled: false } => $"enable {client.Name}",
            { Kind: PeerKind.ExternalClient } => $"keyhole-control external-client config {peer.Name}",
            { Kind: PeerKind.Machine } => $"keyhole-control credentials machine {peer.Name}, and start keyhole up with that ID and secret",
            _ => "on the device: keyhole up",
        });
    }

    /// <summary>The relays, and for a stock app the gateway.</summary>
    private (string Reason, string Fix)? Entrance(ExplainSubject who)
    {
        if (_state.Relays.Count == 0)
            return ("there is no relay", "add one under relays and apply");
        bool needsGateway = who.Clients.All(client => client is { Kind: PeerKind.ExternalClient, Sealed: false }) && who.Clients.Count > 0;
        var relays = _state.Relays.Where(relay => relay.Gateway || !needsGateway).ToList();
        if (relays.Count == 0)
            return ("no relay is a gateway for stock WireGuard apps", "write gateway: true on a relay and apply");
        return relays.Exists(relay => statusOf(new Agent(AgentKind.Relay, relay.Id)).Connected)
            ? null
            : ($"{(needsGateway ? "no gateway" : "no relay")} is connected to Control ({string.Join(", ", relays.Select(relay => relay.Name))})", "start keyhole-relay, and look into its log; what it was told before still holds");
    }

    private (string Reason, string Fix)? Exit(Resource resource, List<ExplainedConnector> connectors)
    {
        string site = SiteOf(resource);
        if (connectors.Count == 0)
            return ($"the site {site} has no connector", $"add one to the site {site} and apply");
        if (connectors.Exists(connector => connector.State is "connected" or "stock node"))
            return null;
        string states = string.Join(", ", connectors.Select(connector => $"{connector.Name} {connector.State}"));
        return ($"no connector of the site {site} takes new flows ({states})", $"start keyhole-connector on the site {site}: keyhole-control credentials connector {connectors[0].Name} makes its ID and secret");
    }

    private string? ClientObstacle(Peer client) => client switch
    {
        { DeviceState: DeviceState.Pending } => "waits for approval",
        { DeviceState: DeviceState.Blocked } => "is blocked",
        { DeviceState: DeviceState.Archived } => "is archived",
        { Expired: true } => $"expired at {TimeSyntax.Format(client.Expires!.Value)}",
        { Enabled: false } => "is disabled",
        { PublicKey: null } => client.Kind == PeerKind.ExternalClient ? "has no keys yet" : "has never connected",
        { Stock: false } when !statusOf(new Agent(Names.AgentOf(client.Kind), client.Id)).Connected => "is not connected to Control",
        _ => null,
    };

    private List<ExplainedConnector> Connectors(Resource resource, ExplainSubject who)
    {
        var keys = who.Clients.Where(client => client.PublicKey is not null).ToDictionary(client => client.PublicKey!, client => client.Name);
        return [.. _state.Peers.Where(peer => peer.Kind == PeerKind.Connector && peer.Site == resource.Site).Select(connector =>
        {
            var status = statusOf(new Agent(AgentKind.Connector, connector.Id));
            var sessions = (status.Path?.Sessions ?? []).Where(session => session.Live && keys.ContainsKey(session.PublicKey)).Select(session => keys[session.PublicKey]);
            return new ExplainedConnector(connector.Name, StateOf(connector, status), [.. sessions]);
        })];
    }

    private static string StateOf(Peer connector, AgentStatus status) =>
        connector.Stock ? "stock node"
        : connector.PublicKey is null ? "never connected"
        : !status.Connected ? "not connected"
        : connector.Draining ? "draining"
        : "connected";

    private List<string> GrantsOf(ExplainSubject who, Resource resource) =>
        [.. _state.Grants.Where(grant => grant.Resource == resource.Id
                && ((grant.Kind == who.Kind && grant.Principal == who.Id) || (grant.Kind == PrincipalKind.Role && who.User?.Roles.Contains(grant.Principal) == true)))
            .Select(grant => grant.Kind == PrincipalKind.Role ? $"role {_state.Roles.First(role => role.Id == grant.Principal).Name}" : who.ToString())];

    private ExplainedResource Describe(Resource resource, bool overlayOnly) => new(
        resource.Name, SiteOf(resource), resource.Destination.Text, resource.Alias, [.. resource.OverlayPrefixes.Select(prefix => prefix.ToString())], overlayOnly,
        PortSyntax.Format(resource.Tcp), PortSyntax.Format(resource.Udp), resource.Icmp);

    private string SiteOf(Resource resource) => _state.Sites.First(site => site.Id == resource.Site).Name;

    /// <summary>Without a port anything that passes will do.</summary>
    private static bool Opens(Resource resource, in ExplainTarget target)
    {
        int port = target.Port;
        return port == 0
            ? resource.Icmp || (target.IsUdp != true && resource.Tcp.Count > 0) || (target.IsUdp != false && resource.Udp.Count > 0)
            : (target.IsUdp != true && Holds(resource.Tcp, port)) || (target.IsUdp != false && Holds(resource.Udp, port));
    }

    private static bool Holds(ValueList<PortRange> ranges, int port) => ranges.Any(range => range.First <= port && port <= range.Last);

    private static string Shown(ValueList<PortRange> ranges) => ranges.Count == 0 ? "none" : PortSyntax.Format(ranges);
}
