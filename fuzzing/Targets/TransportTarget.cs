using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>A transport message whose IP header is gone already. The first byte chooses the protocol.</summary>
internal sealed class TransportTarget : IFuzzTarget
{
    private static readonly byte[] Protocols = [IpProtocol.Udp, IpProtocol.Tcp, IpProtocol.Icmp, IpProtocol.Icmpv6];

    public string Name => "transport";

    public string Door => "the payload of an IP packet to UdpView, TcpView with its options, IcmpView and Icmpv6View";

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            foreach (var (name, packet) in SamplePackets.All)
            {
                Promise.Holds(IpView.TryParse(packet, out var view));
                int protocol = Array.IndexOf(Protocols, view.Protocol);
                if (protocol >= 0 && !view.IsFragment)
                    yield return (name, [(byte)protocol, .. packet[view.HeaderLength..view.TotalLength]]);
            }
        }
    }

    public ulong Run(Span<byte> input) =>
        input.IsEmpty ? 0 : (ulong)TransportViews.Walk(input[1..], Protocols[input[0] % Protocols.Length]);
}
