using System.Globalization;

namespace Keyhole.Lab;

/// <summary>What stands between hosts: NATs, walls and losses, in nftables. Each call is a table of its own, removed by its name.</summary>
public static class Firewall
{
    /// <summary>A home router: masquerades what leaves by an interface, port-restricted, as Linux does by default.</summary>
    public static void Masquerade(NetworkNamespace host, string outside) => Load(host, "nat",
        $"chain post {{ type nat hook postrouting priority srcnat; oifname \"{outside}\" masquerade; }}");

    /// <summary>A symmetric NAT: every destination sees another, random port.</summary>
    public static void MasqueradeRandom(NetworkNamespace host, string outside) => Load(host, "nat",
        $"chain post {{ type nat hook postrouting priority srcnat; oifname \"{outside}\" masquerade random,fully-random; }}");

    /// <summary>A full-cone-like NAT for one inner host: whatever arrives from outside for UDP ports it never used goes to it.</summary>
    public static void MasqueradeFullCone(NetworkNamespace host, string outside, string inner) => Load(host, "nat",
        $"chain pre {{ type nat hook prerouting priority dstnat; iifname \"{outside}\" meta l4proto udp dnat ip to {inner}; }} " +
        $"chain post {{ type nat hook postrouting priority srcnat; oifname \"{outside}\" masquerade; }}");

    /// <summary>Forwards nothing from an interface that was not asked for from the other side.</summary>
    public static void DenyInbound(NetworkNamespace host, string outside) => Load(host, "wall",
        $"chain forward {{ type filter hook forward priority filter; iifname \"{outside}\" ct state != {{ established, related }} drop; }} " +
        // Neighbour discovery is not a connection: without it the router has no IPv6 neighbours.
        $"chain input {{ type filter hook input priority filter; meta l4proto ipv6-icmp accept; iifname \"{outside}\" ct state != {{ established, related }} drop; }}");

    /// <summary>The nftables table whose chains <see cref="MappingGateway"/> fills.</summary>
    internal const string MappingTable = "lab_mapping";

    /// <summary>As <see cref="DenyInbound"/>, but what the router itself was asked to map comes in.</summary>
    public static void DenyUnmapped(NetworkNamespace host, string outside) => Load(host, "wall",
        $"chain forward {{ type filter hook forward priority filter; iifname \"{outside}\" ct status dnat accept; iifname \"{outside}\" ct state != {{ established, related }} drop; }}");

    /// <summary>Empty chains for the mappings of a gateway.</summary>
    internal static void HoldMappings(NetworkNamespace host) => host.Run("nft",
        $"table inet {MappingTable} {{\nchain mapped {{ }}\nchain mapped_in {{ }}\nchain mapped_out {{ }}\n" +
        "chain forward { type filter hook forward priority filter; jump mapped; }\n" +
        "chain pre { type nat hook prerouting priority dstnat; jump mapped_in; }\n" +
        "chain post { type nat hook postrouting priority srcnat; jump mapped_out; }\n}");

    /// <summary>Drops a share of the packets that pass through (or arrive at) a host, at random. 0 ends it.</summary>
    public static void Lose(NetworkNamespace host, double percent)
    {
        Remove(host, "loss");
        if (percent <= 0)
            return;
        int threshold = (int)Math.Round(percent * 100);
        Load(host, "loss", $"chain pre {{ type filter hook prerouting priority raw; meta l4proto udp numgen random mod 10000 < {threshold.ToString(CultureInfo.InvariantCulture)} drop; }}");
    }

    /// <summary>Drops what matches an nftables expression while it passes through or arrives, for instance "udp dport 21820".</summary>
    public static void Block(NetworkNamespace host, string name, string expression) => Load(host, name,
        $"chain pre {{ type filter hook prerouting priority raw; {expression} drop; }} chain out {{ type filter hook output priority raw; {expression} drop; }}");

    /// <summary>Marks "congestion experienced" (RFC 3168) on IPv4 packets that pass through and match an nftables expression, as a busy router would.</summary>
    public static void MarkCongestion(NetworkNamespace host, string expression) => Load(host, "congestion",
        $"chain post {{ type filter hook postrouting priority mangle; {expression} ip ecn set ce; }}");

    /// <summary>Counts what passes through and matches an nftables expression: see <see cref="Counted"/>.</summary>
    public static void Count(NetworkNamespace host, string name, string expression) => Load(host, name,
        $"chain pre {{ type filter hook prerouting priority raw; {expression} counter; }}");

    /// <summary>Packets that a counter has seen.</summary>
    public static long Counted(NetworkNamespace host, string name)
    {
        ArgumentNullException.ThrowIfNull(host);
        string table = host.Run("nft", "list", "table", "inet", $"lab_{name}");
        return long.Parse(table.Split("counter packets ", 2)[1].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>A router forgets its UDP mappings, which takes some 2 seconds of silence, and chooses other ports for them from then on.</summary>
    public static void Remap(NetworkNamespace host, string outside)
    {
        ArgumentNullException.ThrowIfNull(host);
        string[] timeouts = ["net.netfilter.nf_conntrack_udp_timeout", "net.netfilter.nf_conntrack_udp_timeout_stream"];
        foreach (string timeout in timeouts)
            host.Sysctl(timeout, "1");

        // The new timeout counts from a mapping's next packet on.
        Thread.Sleep(1500);
        Block(host, "silence", "meta l4proto udp");
        Thread.Sleep(2000);
        Remove(host, "nat");
        MasqueradeRandom(host, outside);
        foreach (string timeout in timeouts)
            host.Sysctl(timeout, "120");
        Remove(host, "silence");
    }

    /// <summary>Removes the table of that name, if there is one.</summary>
    public static void Remove(NetworkNamespace host, string name)
    {
        ArgumentNullException.ThrowIfNull(host);
        LabProcess.TryRun("ip", "netns", "exec", host.Name, "nft", "delete", "table", "inet", $"lab_{name}");
    }

    private static void Load(NetworkNamespace host, string name, string chains)
    {
        ArgumentNullException.ThrowIfNull(host);
        // nft takes one statement a line, and a chain's policy line ends with a semicolon.
        string script = $"table inet lab_{name} {{ {chains} }}"
            .Replace("{ chain", "{\nchain", StringComparison.Ordinal).Replace("} chain", "}\nchain", StringComparison.Ordinal).Replace("; }", "\n}\n", StringComparison.Ordinal);
        host.Run("nft", script);
    }
}
