using System.Net;

namespace Keyhole.Agent;

/// <summary>
/// Carries the request that becomes a WebSocket, and remembers whether it was Control that refused it: it says why as problem+json (RFC 9457). What stands
/// before Control, a proxy with a login of its own, refuses in another way. A redirect is an answer like any other: the secret goes to nobody else.
/// </summary>
internal sealed class AnswerReader() : DelegatingHandler(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, UseCookies = false, AllowAutoRedirect = false })
{
    /// <summary>0 before there is an answer.</summary>
    public HttpStatusCode Status { get; private set; }

    public bool IsControls { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        Status = response.StatusCode;
        IsControls = response.Content.Headers.ContentType?.MediaType == "application/problem+json";
        return response;
    }
}
