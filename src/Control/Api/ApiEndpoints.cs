namespace Keyhole.Control;

/// <summary>Everything of the interface that is about organisations.</summary>
internal static class ApiEndpoints
{
    /// <param name="api">The routes below /api/v1.</param>
    /// <param name="publicUrl">Where people reach the server from outside; null where that is what they ask.</param>
    public static void Map(IEndpointRouteBuilder api, Networks networks, FailureLimiter failures, Uri? publicUrl, TimeProvider time)
    {
        var database = networks.Store.Database;
        var settings = new OrganisationSettings(database);
        var credentials = new CredentialRoutes(time);
        var (connectors, relays, machines) = (new ConnectorKind(), new RelayKind(), new MachineKind());
        var (users, clients) = (new UserKind(), new ExternalClientKind());
        var organisation = new OrganisationRoutes(networks, settings, time).Map(api);
        MemberRoutes.Map(organisation);
        UserEmailRoute.Map(new ObjectRoutes<User, UserInput, UserView>(users, time).Map(organisation), users.TagOf);
        new ObjectRoutes<Role, RoleInput, RoleView>(new RoleKind(), time).Map(organisation);
        new ObjectRoutes<Site, SiteInput, SiteView>(new SiteKind(), time).Map(organisation);
        credentials.Map(new ObjectRoutes<Peer, ConnectorInput, ConnectorView>(connectors, time).Map(organisation), AgentKind.Connector, Permissions.ConnectorsWrite, connectors.TagOf);
        credentials.Map(new ObjectRoutes<Relay, RelayInput, RelayView>(relays, time).Map(organisation), AgentKind.Relay, Permissions.RelaysWrite, relays.TagOf);
        new ObjectRoutes<Resource, ResourceInput, ResourceView>(new ResourceKind(), time).Map(organisation);
        new GrantRoutes(time).Map(organisation);
        new DeviceRoutes(networks, settings, time).Map(organisation);
        credentials.Map(new ObjectRoutes<Peer, MachineInput, MachineView>(machines, time).Map(organisation), AgentKind.Machine, Permissions.MachinesWrite, machines.TagOf);
        new ExternalClientRoutes(clients).Map(new ObjectRoutes<Peer, ExternalClientInput, ExternalClientRow>(clients, time).Map(organisation));
        new InvitationRoutes(new Invitations(networks, time), publicUrl, time).Map(api, organisation);
        new ProvisioningRoutes(new ProvisioningKeys(networks, time), failures).Map(api, organisation);
        SshRoutes.Map(organisation);
        new ApiKeyRoutes(new ApiKeys(database, time), time).Map(organisation);
        new AuditRoutes(database).Map(organisation);
        new NetworkRoutes(time).Map(organisation);
    }
}
