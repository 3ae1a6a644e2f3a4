namespace Keyhole.Control;

/// <summary>
/// Whose word counts for where a request comes from: that of the proxies that the operator named, and of nobody else. Without
/// any, these headers are not looked at.
/// </summary>
internal static class ForwardedHeaders
{
    /// <param name="publicUrl">Where the server is reached from outside; null where that is not known.</param>
    public static void Use(IApplicationBuilder application, IReadOnlyList<System.Net.IPNetwork> proxies, Uri? publicUrl)
    {
        if (publicUrl?.Scheme == Uri.UriSchemeHttps)
            application.Use((context, next) => AsOutside(context, next, publicUrl.Host));
        if (proxies.Count == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = Microsoft.AspNetCore.HttpOverrides.ForwardedHeaders.XForwardedFor | Microsoft.AspNetCore.HttpOverrides.ForwardedHeaders.XForwardedProto,
            // From the right as far as the proxies are known: what stands further left anybody could have written.
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            options.KnownIPNetworks.Add(proxy);
        application.UseForwardedHeaders(options);
    }

    /// <summary>By its public name the server is asked over HTTPS, whether or not the proxy may say so: cookies are those of HTTPS.</summary>
    private static Task AsOutside(HttpContext context, RequestDelegate next, string name)
    {
        if (string.Equals(context.Request.Host.Host, name, StringComparison.OrdinalIgnoreCase))
            context.Request.Scheme = Uri.UriSchemeHttps;
        return next(context);
    }
}
