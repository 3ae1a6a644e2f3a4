using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// resolvconf(8) or openresolv, which put together resolv.conf from what each interface contributes. The contribution is named like one of loopback and has
/// metric 0, so that this client's server comes first. The server itself is not on loopback: behind a server there, resolvconf leaves out all others.
/// </summary>
internal sealed class ResolvconfResolver(string link, string path) : IResolver
{
    public const string Kind = "resolvconf";

    public const string Tool = "resolvconf";

    private readonly FileResolver _file = new(path);
    private bool _isApplied;

    public string Name => Kind;

    public bool NeedsTunnelAddress => true;

    /// <summary>Those beside this client's own, also after the machine came to another network.</summary>
    public IReadOnlyList<IPEndPoint> Servers(IPAddress own) => _file.Servers(own);

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
