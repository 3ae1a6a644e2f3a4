namespace Keyhole.Fuzz;

/// <summary>Every door, in the order of the layers.</summary>
internal static class TargetList
{
    internal static IReadOnlyList<IFuzzTarget> All { get; } =
    [
        new IpPacketTarget(),
        new TransportTarget(),
        new AddressTextTarget(),
        new ChecksumTarget(),
        new TransportKeyTarget(),
        new WireGuardDatagramTarget(),
        new WireGuardSessionTarget(),
        new SessionMessageTarget(),
        new AgentJsonTarget(),
        new DatagramFlowsTarget(),
        new ReassemblerTarget(),
        new TcpStackTarget(),
        new RelayTarget(),
        new RelayBlindTarget(),
        new ConnectorTarget(),
        new NetworkFileTarget(),
        new ProxyHandshakeTarget(),
        new DnsQueryTarget(),
        new ClientHelloTarget(),
        new SshWireTarget(),
    ];

    /// <summary>Known-bad doors: the harness must catch them, or it catches nothing. Not listed, and not in "all".</summary>
    internal static IReadOnlyList<IFuzzTarget> Planted { get; } = [new PlantedExceptionTarget(), new PlantedOverreadTarget(), new PlantedHangTarget()];

    internal static IFuzzTarget? Find(string name) => All.Concat(Planted).FirstOrDefault(target => target.Name == name);
}
