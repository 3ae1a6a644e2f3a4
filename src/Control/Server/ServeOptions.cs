using System.Net;

namespace Keyhole.Control;

/// <param name="Data">The data directory; made when it does not exist.</param>
/// <param name="Listen">Where agents and people dial in: an address and a port; port 0 takes any free one.</param>
/// <param name="PublicUrl">Where agents reach this server from outside; null where that is <paramref name="Listen"/>.</param>
internal sealed record ServeOptions(string Data, IPEndPoint Listen, Uri? PublicUrl)
{
    public const string DefaultListen = "http://127.0.0.1:8080";

    /// <summary>The connection string of a PostgreSQL database, a secret; null: a SQLite file in the data directory.</summary>
    public string? Database { get; init; }

    /// <summary>The files of certificate and key; null: plain HTTP.</summary>
    public (string Certificate, string Key)? Tls { get; init; }

    /// <summary>The only proxies whose X-Forwarded-For and X-Forwarded-Proto count.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Browsers keep to HTTPS.</summary>
    public bool IsHttps => Tls is not null || PublicUrl?.Scheme == Uri.UriSchemeHttps;

    /// <exception cref="OperatorException">The options are wrong or dangerous.</exception>
    public static ServeOptions Parse(Configuration configuration) => Parse(
        configuration.Require(ConfigurationKeys.Data),
        configuration.Require(ConfigurationKeys.Listen),
        configuration.Find(ConfigurationKeys.PublicUrl),
        configuration.IsOn(ConfigurationKeys.AllowHttp),
        TlsOf(configuration.Find(ConfigurationKeys.TlsCertificate), configuration.Find(ConfigurationKeys.TlsKey))) with
    {
        TrustedProxies = ProxiesOf(configuration.Find(ConfigurationKeys.TrustedProxy)),
        Database = configuration.Find(ConfigurationKeys.DatabaseFile) is { } file ? DatabaseSource.Read(file) : configuration.Find(ConfigurationKeys.Database),
    };

    /// <exception cref="OperatorException">The options are wrong or dangerous.</exception>
    public static ServeOptions Parse(string data, string listen, string? publicUrl, bool allowHttp, (string Certificate, string Key)? tls = null)
    {
        string scheme = tls is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        if (!Uri.TryCreate(listen, UriKind.Absolute, out var uri) || uri.Scheme != scheme || uri.PathAndQuery != "/"
            || !IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address))
        {
            throw new OperatorException(tls is null
                ? $"--listen {listen} is not http://ADDRESS:PORT with an IP address, like {DefaultListen} or http://[::]:8080; HTTPS needs --tls-certificate and --tls-key, or a proxy in front"
                : $"--listen {listen} is not https://ADDRESS:PORT with an IP address, like https://0.0.0.0:443, and a certificate is given");
        }

        Uri? outside = null;
        if (publicUrl is not null && (!Uri.TryCreate(publicUrl, UriKind.Absolute, out outside) || (outside.Scheme != Uri.UriSchemeHttps && outside.Scheme != Uri.UriSchemeHttp)))
            throw new OperatorException($"--public-url {publicUrl} is no URL like https://control.example.com");
        if (!IPAddress.IsLoopback(address) && !allowHttp && tls is null && outside?.Scheme != Uri.UriSchemeHttps)
            throw new OperatorException($"--listen {listen} takes the secrets of agents over plain HTTP from other machines: give --tls-certificate and --tls-key, put a proxy with HTTPS in front and name it by --public-url https://…, or add --allow-http for a network that you trust");
        return new ServeOptions(data, new IPEndPoint(address, uri.Port), outside) { Tls = tls };
    }

    private static (string Certificate, string Key)? TlsOf(string? certificate, string? key) => (certificate, key) switch
    {
        (null, null) => null,
        ({ } file, { } other) => (file, other),
        _ => throw new OperatorException("--tls-certificate and --tls-key belong together: give both"),
    };

    private static List<IPNetwork> ProxiesOf(string? text)
    {
        var proxies = new List<IPNetwork>();
        foreach (string part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            proxies.Add(IPNetwork.TryParse(part, out var network) ? network
                : IPAddress.TryParse(part, out var address) ? new IPNetwork(address, Overlay.BitLength(address))
                : throw new OperatorException($"--trusted-proxy {Findings.Shown(part)} is no address and no CIDR prefix like 10.0.0.0/8"));
        }

        return proxies;
    }
}
