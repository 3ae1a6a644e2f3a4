namespace Keyhole.Control;

/// <summary>
/// Whose word counts for where a request comes from: that of the proxies that the operator named, and of nobody else. Without
/// any, these headers are not looked at.
/// </summary>
internal static class ForwardedHeaders
{
    public static void Use(IApplicationBuilder application, IReadOnlyList<System.Net.IPNetwork> proxies)
    {
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
}
