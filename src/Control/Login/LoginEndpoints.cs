namespace Keyhole.Control;

/// <summary>Everything of the interface and all pages that are about logging in.</summary>
internal static class LoginEndpoints
{
    /// <param name="routes">The root: pages.</param>
    /// <param name="api">The routes below /api/v1.</param>
    public static void Map(IEndpointRouteBuilder routes, IEndpointRouteBuilder api, LoginServices services)
    {
        var door = new LoginDoor(services);
        var accounts = new AccountRoutes(services, door);
        new LoginRoutes(services, door).Map(api);
        new DeviceCodeRoutes(services, door).Map(api);
        accounts.Map(api);
        new PasskeyRoutes(services, door, accounts).Map(api);
        new LoginPages(services, door).Map(routes);
        new OpenIdPages(services, door).Map(routes);
        new SetupPages(services, door).Map(routes);
        new DevicePages(services, door).Map(routes);
        new AccountPages(services, door).Map(routes);
        new InvitationPages(services, door).Map(routes);
    }
}
