using System.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client;

/// <summary>
/// systemd-resolved: the tunnel's link gets this client's server and routing-only domains (resolved(8), "~domain"), so that resolved asks it for names under
/// the granted suffixes and nothing else. It forgets them with the link.
/// </summary>
internal sealed class SystemdResolver(string link) : IResolver
{
    public const string Kind = "resolved";

    public const string Tool = "resolvectl";

    /// <summary>Where resolved itself listens: programs that read resolv.conf ask it only where one of these stands there.</summary>
    public static readonly string[] Listens = ["127.0.0.53", "127.0.0.54"];

    /// <summary>The servers that resolved itself asks, of all links.</summary>
    private const string UpstreamPath = "/run/systemd/resolve/resolv.conf";

    /// <summary>Beyond as many resolved refuses; then it asks this client's server for everything.</summary>
    private const int MaximumDomains = 200;

    private string[] _domains = [];

    public string Name => Kind;

    /// <summary>resolved binds what it asks to the link; only an address of the link is reached so.</summary>
    public bool NeedsTunnelAddress => true;

    public IReadOnlyList<IPEndPoint> Servers(IPAddress own)
    {
        try
        {
            return ResolvConf.Servers(File.ReadAllBytes(UpstreamPath), own).Where(server => !IPAddress.IsLoopback(server.Address)).ToList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public RestoreRecord Record(IPAddress server) => new(Kind, link, server, "", null);

    public async Task ApplyAsync(IPAddress server, NameTable names)
    {
        string[] domains = [.. DomainsOf(names)];
        bool isNew = _domains.Length == 0;
        if (isNew)
        {
            await RunAsync("default-route", ["false"]);

            // The answers are not signed, and the tunnel carries no multicast. An older resolved does not know all of this.
            foreach (string setting in new[] { "dnssec", "llmnr", "mdns" })
                await TryRunAsync(setting, ["no"]);
        }

        // The server comes last: without domains it would be asked for everything.
        if (!domains.SequenceEqual(_domains))
            await RunAsync("domain", domains);
        if (isNew)
            await RunAsync("dns", [server.ToString()]);
        _domains = domains;

        // What resolved remembers of these names is from before the change.
        await ResolverTool.RunAsync(Tool, ["flush-caches"]);
    }

    /// <summary>resolved keeps it while the link is there.</summary>
    public bool IsInForce(IPAddress server) => _domains.Length > 0;

    public void Undone() => _domains = [];

    public static async Task UndoAsync(RestoreRecord record)
    {
        try
        {
            await ResolverTool.RunAsync(Tool, ["revert", record.Link]);
        }
        catch (ResolverException)
        {
            // The link is gone, and with it what was set on it.
        }
    }

    /// <summary>The granted suffixes, and the reverse zones of what has a name: per /24 (IPv4) and /120 (IPv6).</summary>
    internal static IEnumerable<string> DomainsOf(NameTable names)
    {
        var reverse = names.Addresses.Select(address => ReverseName.OfPrefix(new IpPrefix(address, address.BitLength - 8))).Distinct().Order(StringComparer.Ordinal);
        var domains = names.Suffixes.Concat(reverse).Select(domain => "~" + domain).ToList();
        return domains.Count <= MaximumDomains ? domains : ["~."];
    }

    private Task RunAsync(string verb, IEnumerable<string> arguments) => ResolverTool.RunAsync(Tool, [verb, link, .. arguments]);

    private async Task TryRunAsync(string verb, IEnumerable<string> arguments)
    {
        try
        {
            await RunAsync(verb, arguments);
        }
        catch (ResolverException)
        {
            // Better with it, and no worse than any other link without.
        }
    }
}
