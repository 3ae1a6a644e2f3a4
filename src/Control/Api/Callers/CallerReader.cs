using System.Net;

namespace Keyhole.Control;

/// <summary>
/// Finds out who makes a request: the login session of a cookie or of a bearer token, or an API key. Exactly one of them may
/// speak; a token never stands in an address.
/// </summary>
internal sealed class CallerReader(ILoginSessions sessions, ApiKeys keys, FailureLimiter failures, TimeProvider time)
{
    /// <summary>The prefix binds a cookie to this host, and to HTTPS.</summary>
    public const string SecureCookie = "__Host-keyhole";

    /// <summary>On plain HTTP, which is served on loopback and where the operator allowed it, browsers keep no such prefix.</summary>
    public const string PlainCookie = "keyhole";

    private const string Bearer = "Bearer ";

    /// <exception cref="ApiException">Nobody is logged in.</exception>
    public Caller Read(HttpContext context)
    {
        var request = context.Request;
        string? cookie = request.Cookies[request.IsHttps ? SecureCookie : PlainCookie];
        if (request.Headers.Authorization.Count == 0)
        {
            if (cookie is null)
                throw Unauthorized(context, "Log in first, or send an API key.", failed: false);
            CrossSite.CheckCookie(request);
            return FromSession(context, cookie);
        }

        if (request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            throw Unauthorized(context, "The authorization is read in the form \"Bearer TOKEN\" only.", failed: false);
        string token = header[Bearer.Length..].Trim();
        return token.StartsWith(ApiKeys.Prefix, StringComparison.Ordinal)
            ? keys.Find(token, context.Connection.RemoteIpAddress) ?? throw Unauthorized(context, "The API key is unknown, has expired or was revoked.", failed: true)
            : FromSession(context, token);
    }

    private Caller FromSession(HttpContext context, string token) => sessions.Find(token, time.GetUtcNow()) is { } session
        ? new Caller(CallerKind.Account, session.Email, session.Account, session.Id, context.Connection.RemoteIpAddress)
        {
            IsServerAdmin = session.IsServerAdmin,
            SessionExpires = session.Expires,
            Organisations = session.Organisations,
            IsStillGood = () => sessions.Find(token, time.GetUtcNow()) is not null,
            HoldSession = (connection, transaction) => sessions.Hold(connection, transaction, session.Id),
        }
        : throw (sessions.WhyOver(token) is { } why ? new ApiException(StatusCodes.Status403Forbidden, why) : Unauthorized(context, "The login session is unknown or over: log in again.", failed: true));

    private ApiException Unauthorized(HttpContext context, string detail, bool failed)
    {
        if (failed && failures.Count(context.Connection.RemoteIpAddress ?? IPAddress.None) > FailureLimiter.AllowedPerMinute)
        {
            context.Response.Headers.RetryAfter = "60";
            return new ApiException(StatusCodes.Status429TooManyRequests, "Too many wrong tokens from this address.");
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return new ApiException(StatusCodes.Status401Unauthorized, detail);
    }
}
