namespace Keyhole.Control;

/// <summary>The cookies of a browser. None of them can be read by a script; the session's is sent by our own pages only.</summary>
internal static class LoginCookies
{
    private const string SecurePrefix = "__Host-";

    /// <summary>By which a browser is known to have logged in before.</summary>
    private const string Known = "keyhole-known";

    /// <summary>A login at a provider that is under way.</summary>
    private const string Provider = "keyhole-provider";

    public static string SessionName(HttpRequest request) => request.IsHttps ? CallerReader.SecureCookie : CallerReader.PlainCookie;

    public static void SetSession(HttpContext context, string token, DateTimeOffset expires) =>
        context.Response.Cookies.Append(SessionName(context.Request), token, Options(context, SameSiteMode.Strict, expires));

    public static void ClearSession(HttpContext context) => context.Response.Cookies.Delete(SessionName(context.Request), Options(context, SameSiteMode.Strict, null));

    public static string? KnownOf(HttpRequest request) => request.Cookies[Name(request, Known)];

    public static void SetKnown(HttpContext context, string token, DateTimeOffset now) =>
        context.Response.Cookies.Append(Name(context.Request, Known), token, Options(context, SameSiteMode.Strict, now + KnownSources.Life));

    public static string? ProviderOf(HttpRequest request) => request.Cookies[Name(request, Provider)];

    /// <summary>The answer of the provider comes from another site: only this cookie goes along with it.</summary>
    public static void SetProvider(HttpContext context, string value) =>
        context.Response.Cookies.Append(Name(context.Request, Provider), value, Options(context, SameSiteMode.Lax, null));

    public static void ClearProvider(HttpContext context) => context.Response.Cookies.Delete(Name(context.Request, Provider), Options(context, SameSiteMode.Lax, null));

    private static string Name(HttpRequest request, string name) => request.IsHttps ? SecurePrefix + name : name;

    private static CookieOptions Options(HttpContext context, SameSiteMode sameSite, DateTimeOffset? expires) => new()
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = sameSite,
        Path = "/",
        Expires = expires,
        IsEssential = true,
    };
}
