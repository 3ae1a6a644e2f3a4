using Keyhole.Lab;

namespace Keyhole.Perf;

/// <summary>What the ends of a link do for their host, set by <c>ethtool</c>.</summary>
internal static class LinkOffloads
{
    /// <summary>A link between virtual machines of a cloud: super-packets pass it whole.</summary>
    internal static void MakeCloud(NetworkNamespace host, string device) =>
        host.Run("ethtool", "-K", device, "tso", "on", "gso", "on", "gro", "on", "tx-udp-segmentation", "on");

    /// <summary>A plain NIC: super-packets are taken apart before they leave; what arrives in one burst is joined by the kernel, as drivers do.</summary>
    internal static void MakePlain(NetworkNamespace host, string device) =>
        host.Run("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "on", "tx-udp-segmentation", "off");
}
