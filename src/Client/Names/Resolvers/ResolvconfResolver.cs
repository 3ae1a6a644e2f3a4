using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// resolvconf(8) or openresolv, which put together resolv.conf from what each interface contributes. The contribution is named like one of loopback and has
/// metric 0, so that this client's server comes first.
/// </summary>
internal sealed class ResolvconfResolver(string link, string path) : IResolver
{
    public const string Kind = "resolvconf";

    public const string Tool = "resolvconf";

    private readonly FileResolver _file = new(path);
    private IReadOnlyList<IPEndPoint> _servers = [];
    private bool _isApplied;

    public string Name => Kind;

    public bool NeedsTunnelAddress => false;

    /// <summary>Those beside this client's own; where resolvconf leaves them out behind a server on loopback, those that stood there before.</summary>
    public IReadOnlyList<IPEndPoint> Servers(IPAddress own)
    {
        var servers = _file.Servers(own);
        if (!_isApplied || servers.Any(server => !IPAddress.IsLoopback(server.Address)))
            _servers = servers;
        return _servers;
    }

    public RestoreRecord Record(IPAddress server) => new(Kind, Contribution(link), server, "", null);

    public async Task ApplyAsync(IPAddress server, NameTable names)
    {
        await ResolverTool.RunAsync(Tool, ["-a", Contribution(link), "-m", "0"], $"nameserver {server}\n");
        _isApplied = true;
    }

    public bool IsInForce(IPAddress server) => _isApplied;

    public void Undone() => _isApplied = false;

    public static Task UndoAsync(RestoreRecord record) => ResolverTool.RunAsync(Tool, ["-d", record.Link]);

    private static string Contribution(string link) => "lo." + link;
}
