namespace Keyhole.Control;

/// <summary>Everything that can be reached over TCP.</summary>
internal static class PublicRoutes
{
    public static void Map(IEndpointRouteBuilder routes, AgentEndpoint agents, Func<bool> isReady)
    {
        routes.MapGet("/healthz", () => Results.Text("ok\n"))
            .Anonymous().WithName("health").WithSummary("The process lives.").Produces<string>(StatusCodes.Status200OK, "text/plain");
        routes.MapGet("/readyz", () => isReady() ? Results.Text("ready\n") : Results.Text("stopping\n", statusCode: StatusCodes.Status503ServiceUnavailable))
            .Anonymous().WithName("ready").WithSummary("The network is loaded and agents are served.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain").Produces<string>(StatusCodes.Status503ServiceUnavailable, "text/plain");
        routes.MapGet(AgentWire.Path, (Delegate)agents.HandleAsync)
            .Anonymous().WithName("agent").WithSummary("The WebSocket of relays, connectors and machines.")
            .WithDescription($"ID and secret go in the headers {AgentWire.IdHeader} and {AgentWire.SecretHeader}. The first message is a hello; a snapshot or a delta follows each change.")
            .Produces(StatusCodes.Status101SwitchingProtocols)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status426UpgradeRequired)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        routes.MapOpenApi("/openapi/{documentName}.json").Anonymous();
    }
}
