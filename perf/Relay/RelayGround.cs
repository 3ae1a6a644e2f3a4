using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Perf;

/// <summary>
/// Where forwarders are compared. All of them run at the same time, each on a port of its own, and only the one that is spoken to costs anything.
/// The kernel's own forwarding has a host of its own, since its connection tracking would burden the others; the void shows what the load itself costs.
/// <code>
///                  .-- in0 relay out0 --.        forwarders, core 1
///  load  to-relay -'                    '- from-relay   sink, drops at its door unless it listens
///  core 0  to-kernel -- in0 kernel out0 -- from-kernel
///          to-void ------------------------- void       drops at its door
/// </code>
/// </summary>
internal sealed class RelayGround : IDisposable
{
    internal const string LoadHost = "10.201.4.253";
    internal const string SinkHost = "10.201.3.253";
    internal const string RelayAddress = "10.201.4.254";
    internal const string SinkSideAddress = "10.201.3.254";
    internal const string KernelAddress = "10.201.6.254";
    internal const string VoidAddress = "10.201.8.254";
    internal const int KernelPort = 21890;
    internal const int LoadCore = 0;
    internal const int RelayCore = 1;

    private const string Clients = "10.201.4.0/25";
    private const string Connectors = "10.201.3.0/25";

    internal RelayGround()
    {
        Load = Topology.Host("load");
        Relay = Topology.Host("relay");
        Sink = Topology.Host("sink");
        Kernel = Topology.Host("kernel");
        Topology.Cable(Load, "to-relay", [$"{LoadHost}/24"], Relay, "in0", [$"{RelayAddress}/24"]);
        Topology.Cable(Relay, "out0", [$"{SinkSideAddress}/24"], Sink, "from-relay", [$"{SinkHost}/24"]);
        Topology.Cable(Load, "to-kernel", ["10.201.6.253/24"], Kernel, "in0", [$"{KernelAddress}/24"]);
        Topology.Cable(Kernel, "out0", ["10.201.7.254/24"], Sink, "from-kernel", ["10.201.7.253/24"]);
        Topology.Cable(Load, "to-void", ["10.201.8.253/24"], Sink, "void", [$"{VoidAddress}/24"]);
        // A whole prefix of local addresses, instead of 64 that are added one by one.
        Load.Ip("route", "add", "local", Clients, "dev", "lo");
        Sink.Ip("route", "add", "local", Connectors, "dev", "lo");
        ForwardInKernel();
    }

    internal Topology Topology { get; } = new();

    /// <summary>The clients' side.</summary>
    internal NetworkNamespace Load { get; }

    internal NetworkNamespace Relay { get; }

    /// <summary>The connectors' side.</summary>
    internal NetworkNamespace Sink { get; }

    internal NetworkNamespace Kernel { get; }

    /// <summary>A directory that goes with it.</summary>
    internal string Files { get; } = Directory.CreateTempSubdirectory("keyhole-flows-").FullName;

    internal static IpEndpoint ForClients(int port) => new(IpAddress.Parse(RelayAddress), (ushort)port);

    internal static IpEndpoint ForConnectors(int port) => new(IpAddress.Parse(SinkSideAddress), (ushort)port);

    /// <summary>Links of a cloud, which pass super-packets whole, or plain NICs.</summary>
    internal void SetLinks(bool areCloud)
    {
        foreach (var (host, device) in new[] { (Load, "to-relay"), (Load, "to-kernel"), (Load, "to-void"), (Relay, "in0"), (Relay, "out0"), (Kernel, "in0"), (Kernel, "out0"), (Sink, "void") })
        {
            if (areCloud)
                LinkOffloads.MakeCloud(host, device);
            else
                LinkOffloads.MakePlain(host, device);
        }
    }

    /// <summary>Whether the sink's host drops what comes before it costs anything.</summary>
    internal void SetSink(bool drops)
    {
        LabProcess.TryRun("ip", "netns", "exec", Sink.Name, "nft", "delete", "table", "netdev", "lab_sink");
        if (drops)
            DropAtTheDoor("from-relay", "from-kernel", "void");
    }

    /// <summary>Lets the two sides reach each other past the relay, through its host.</summary>
    internal void ConnectSides()
    {
        Relay.Forward();
        Load.Route("10.201.3.0/24", RelayAddress);
        Sink.Route("10.201.4.0/24", SinkSideAddress);
    }

    public void Dispose()
    {
        Topology.Dispose();
        Directory.Delete(Files, recursive: true);
    }

    private void DropAtTheDoor(params string[] devices) => Sink.Run("nft",
        "table netdev lab_sink {\n" + string.Concat(devices.Select((device, i) =>
            $"chain door{i} {{\n type filter hook ingress device \"{device}\" priority 0;\n meta l4proto udp drop\n}}\n")) + "}");

    /// <summary>DNAT to each client's connector and SNAT to one address, as a relay does it.</summary>
    private void ForwardInKernel()
    {
        Kernel.Forward();
        Kernel.Sysctl("net.ipv4.conf.all.rp_filter", "0");
        Kernel.Sysctl("net.ipv4.conf.in0.rp_filter", "0");
        Kernel.Route(Connectors, "10.201.7.253");
        Kernel.Route(Clients, "10.201.6.253");
        string pairs = string.Join(", ", Enumerable.Range(0, FlowList.Count).Select(i => $"{FlowList.Client(i).Address} : {FlowList.Connector(i).Address} . {FlowList.Port}"));
        Kernel.Run("nft", "table ip lab_relay {\n"
            + $"chain pre {{\n type nat hook prerouting priority dstnat;\n udp dport {KernelPort} dnat to ip saddr map {{ {pairs} }}\n}}\n"
            + $"chain post {{\n type nat hook postrouting priority srcnat;\n oifname \"out0\" snat to 10.201.7.254\n}}\n}}");
    }
}
