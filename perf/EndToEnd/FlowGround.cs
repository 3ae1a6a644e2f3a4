using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>
/// The hosts of the end-to-end comparisons. Every path ends at the same server behind the same site, so that a ratio is one of the tunnels.
/// <code>
///  phone 198.51.100.2 ---+--- internet --- vps 203.0.113.10   Control, relay
///                        '--- office 192.0.2.2 --- lan 192.168.1.2 --- servers 192.168.1.20, .21
/// </code>
/// </summary>
internal sealed class FlowGround : IDisposable
{
    internal const string RelayAddress = "203.0.113.10";
    internal const string PhoneAddress = "198.51.100.2";
    internal const string OfficeAddress = "192.0.2.2";
    internal const string Server = "192.168.1.20";

    /// <summary>The same server for the stock nodes: an app's configuration routes the other address into its own tunnel.</summary>
    internal const string StockServer = "192.168.1.21";

    internal FlowGround()
    {
        Topology = new Topology();
        var internet = Topology.Host("internet");
        internet.Forward();
        Vps = Host(internet, "vps", "203.0.113.1", RelayAddress);
        Phone = Host(internet, "phone", "198.51.100.1", PhoneAddress);
        Office = Host(internet, "office", "192.0.2.1", OfficeAddress);
        Office.Forward();
        Office.Sysctl("net.ipv4.ping_group_range", "0 2147483647");
        Servers = Topology.Host("servers");
        Topology.Cable(Office, "lan0", ["192.168.1.2/24"], Servers, "eth0", [$"{Server}/24", $"{StockServer}/24"]);
        // The kernel's default may be another controller, and a namespace may not choose one that the machine restricts: a route may.
        Office.Ip("route", "change", "192.168.1.0/24", "dev", "lan0", "src", "192.168.1.2", "congctl", "cubic");
        Servers.Ip("route", "change", "192.168.1.0/24", "dev", "eth0", "src", Server, "congctl", "cubic");
        Servers.Route("default", "192.168.1.2");
    }

    internal Topology Topology { get; }

    internal NetworkNamespace Vps { get; }

    internal NetworkNamespace Phone { get; }

    internal NetworkNamespace Office { get; }

    internal NetworkNamespace Servers { get; }

    /// <summary>No program is pinned: two tunnels that share all cores compete as they would on one machine.</summary>
    internal static string AllCores { get; } = $"0-{Environment.ProcessorCount - 1}";

    /// <summary>A network with one relay that is a gateway, one site, and an app "phone" and a machine "laptop" that may reach the server.</summary>
    internal static string Description { get; } = $$"""
        version: 1
        org: bench
        relays:
          - { name: vps, endpoint: "{{RelayAddress}}:21820", gateway: true }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - { name: web, site: office, destination: {{Server}}, alias: web.bench.internal, tcp: "*", udp: "*", icmp: true }
        external-clients:
          - { name: phone }
        machines: [{ name: laptop }]
        grants:
          - { resource: web, external-clients: [phone], machines: [laptop] }
        """;

    /// <summary>The overlay address of the server, from the comments of an app's configuration.</summary>
    internal static string Overlay(string configuration)
    {
        string line = configuration.Split('\n').First(line => line.StartsWith('#') && line.Contains("web.bench.internal", StringComparison.Ordinal));
        return line.Split('=', 2)[1].Split(',', StringSplitOptions.TrimEntries).First(address => !address.Contains(':', StringComparison.Ordinal));
    }

    public void Dispose() => Topology.Dispose();

    private NetworkNamespace Host(NetworkNamespace internet, string name, string gateway, string address)
    {
        var host = Topology.Host(name);
        Topology.Cable(internet, $"{name}0", [$"{gateway}/24"], host, "eth0", [$"{address}/24"]);
        host.Route("default", gateway);
        return host;
    }
}
