using System.Net;

namespace Keyhole.Control;

/// <summary>The door for agents: ID and secret in headers, then a WebSocket.</summary>
internal sealed class AgentEndpoint(Networks networks, FailureLimiter failures, ILogger<AgentEndpoint> log)
{
    public async Task<IResult> HandleAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        // A browser always says where its script comes from, an agent never does.
        if (headers.Origin.Count != 0)
            return Problem(StatusCodes.Status403Forbidden, "Browsers have no business here.");
        if (headers[AgentWire.IdHeader] is not [{ Length: > 0 } id] || headers[AgentWire.SecretHeader] is not [{ Length: > 0 } secret]
            || networks.Authenticate(id, secret) is not var (network, credential))
            return Unauthorized(context);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            return Problem(StatusCodes.Status426UpgradeRequired, "ID and secret are right; this address speaks WebSocket only.");
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        await new AgentLink(socket, credential.Agent, credential, address, network.Hub, network.Ledger, network.Log).RunAsync(context.RequestAborted);
        return Results.Empty;
    }

    private IResult Unauthorized(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        int count = failures.Count(address);
        if (count == 1)
            log.WrongSecret(address.ToString());
        if (count <= FailureLimiter.AllowedPerMinute)
            return Problem(StatusCodes.Status401Unauthorized, "The ID is unknown or the secret is wrong; \"keyhole-control credentials\" makes a new one.");
        context.Response.Headers.RetryAfter = "60";
        return Problem(StatusCodes.Status429TooManyRequests, "Too many wrong secrets from this address.");
    }

    private static IResult Problem(int status, string detail) => Results.Problem(statusCode: status, detail: detail);
}
