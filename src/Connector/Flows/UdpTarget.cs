using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>The site's side of one UDP flow.</summary>
internal sealed class UdpTarget(SiteFlows site, UdpFlow flow, AccessTarget target) : DatagramTarget(site, flow, target)
{
    public void Forward(ReadOnlySpan<byte> payload) => Send(payload);

    public override void Cut() => Site.Udp.Close(flow);

    protected override bool TryOpen(IpAddress remote, out NonBlockingSocket? socket, out SocketFault fault) =>
        Site.Loop.TryConnectUdp(new IpEndpoint(remote, flow.Key.DestinationPort), out socket, out fault);

    protected override void Deliver(Span<byte> message) => Site.Udp.Reply(flow, message, Site.Now);

    protected override void Fault(in SocketFault fault)
    {
        if (fault.Kind == SocketFaultKind.ConnectionRefused)
            Site.Udp.Refuse(flow);
        else if (fault.Kind is SocketFaultKind.HostUnreachable or SocketFaultKind.NetworkUnreachable)
            Site.Udp.Unreachable(flow, UnreachableCode.Host);
    }

    protected override void Unreachable(UnreachableCode code) => Site.Udp.Unreachable(flow, code);
}
