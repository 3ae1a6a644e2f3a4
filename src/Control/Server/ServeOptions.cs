using System.Net;

namespace Keyhole.Control;

/// <param name="Data">The data directory; made when it does not exist.</param>
/// <param name="Listen">Where agents dial in: http, an address and a port; port 0 takes any free one.</param>
/// <param name="PublicUrl">Where agents reach this server from outside; null where that is <paramref name="Listen"/>.</param>
internal sealed record ServeOptions(string Data, IPEndPoint Listen, Uri? PublicUrl)
{
    /// <summary>The connection string of a PostgreSQL database, a secret; null: a SQLite file in the data directory.</summary>
    public string? Database { get; init; }

    public const string DefaultListen = "http://127.0.0.1:8080";

    /// <exception cref="OperatorException">The options are wrong or dangerous.</exception>
    public static ServeOptions Parse(string data, string listen, string? publicUrl, bool allowHttp)
    {
        if (!Uri.TryCreate(listen, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/"
            || !IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address))
            throw new OperatorException($"--listen {listen} is not http://ADDRESS:PORT with an IP address, like {DefaultListen} or http://[::]:8080; HTTPS is ended by a proxy in front");
        Uri? outside = null;
        if (publicUrl is not null && (!Uri.TryCreate(publicUrl, UriKind.Absolute, out outside) || (outside.Scheme != Uri.UriSchemeHttps && outside.Scheme != Uri.UriSchemeHttp)))
            throw new OperatorException($"--public-url {publicUrl} is no URL like https://control.example.com");
        if (!IPAddress.IsLoopback(address) && !allowHttp && outside?.Scheme != Uri.UriSchemeHttps)
            throw new OperatorException($"--listen {listen} takes the secrets of agents over plain HTTP from other machines: put a proxy with HTTPS in front and name it by --public-url https://…, or add --allow-http for a network that you trust");
        return new ServeOptions(data, new IPEndPoint(address, uri.Port), outside);
    }
}
