namespace Keyhole.Control;

/// <summary>What every answer carries: nothing here is a page, nothing may be kept, framed or guessed at.</summary>
internal static class SecurityHeaders
{
    public static void Use(IApplicationBuilder application, bool https) => application.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        if (https)
            headers.StrictTransportSecurity = "max-age=31536000";
        return next(context);
    });
}
