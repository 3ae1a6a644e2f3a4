using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace Keyhole.Control;

/// <summary>A request that <see cref="AccessCheck"/> let pass. Objects are named by the address alone, never by the body too.</summary>
internal sealed class ApiRequest
{
    private readonly RequestScope _scope;

    public ApiRequest(HttpContext context)
    {
        Context = context;
        _scope = context.Features.GetRequiredFeature<RequestScope>();
    }

    public HttpContext Context { get; }

    public HttpRequest Http => Context.Request;

    public Caller Caller => _scope.Caller;

    /// <summary>The organisation in the address.</summary>
    public Network Network => _scope.Network ?? throw new InvalidOperationException($"{Context.GetEndpoint()?.DisplayName} names no organisation.");

    public NetworkState State => Network.Ledger.State;

    /// <summary>A parameter of the address.</summary>
    public string Route(string parameter) => (string)Http.RouteValues[parameter]!;

    /// <summary>The body may have taken its time: whoever was revoked meanwhile changes nothing any more.</summary>
    /// <exception cref="ApiException">The caller's session or key is over.</exception>
    public void CheckStillGood()
    {
        if (!Caller.IsStillGood())
            throw Over();
    }

    public static ApiException Over() => new(StatusCodes.Status401Unauthorized, "The login session or API key is over.");

    public Task<T> ReadAsync<T>(JsonTypeInfo<T> type) => JsonBody.ReadAsync(Http, type);
}
