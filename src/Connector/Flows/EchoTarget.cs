using System.Buffers.Binary;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>
/// The site's side of one ping: an unprivileged echo socket, whose identifier and checksum the system writes. The target's family
/// may differ from the client's: the messages are rebuilt.
/// </summary>
internal sealed class EchoTarget(SiteFlows site, EchoFlow flow, AccessTarget target) : DatagramTarget(site, flow, target)
{
    private const int HeaderLength = 8;
    private const int SequenceOffset = 6;

    public void Forward(ushort sequenceNumber, ReadOnlySpan<byte> payload)
    {
        var message = Site.Scratch.AsSpan(0, HeaderLength + payload.Length);
        message[..HeaderLength].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(message[SequenceOffset..], sequenceNumber);
        payload.CopyTo(message[HeaderLength..]);
        Address(message);
        Send(message);
    }

    public override void Cut() => Site.Echo.Close(flow);

    protected override void Address(Span<byte> message) => message[0] = Remote.IsIpv4 ? IcmpType.EchoRequest : Icmpv6Type.EchoRequest;

    protected override bool TryOpen(IpAddress remote, out NonBlockingSocket? socket, out SocketFault fault)
    {
        bool opened = Site.Loop.TryOpenEcho(remote, out socket, out fault);
        if (fault.Kind == SocketFaultKind.AccessDenied)
            Site.PingAvailable = false;
        return opened;
    }

    protected override void Deliver(Span<byte> message)
    {
        if (message.Length >= HeaderLength)
            Site.Echo.Reply(flow, BinaryPrimitives.ReadUInt16BigEndian(message[SequenceOffset..]), message[HeaderLength..], Site.Now);
    }

    protected override void Fault(in SocketFault fault)
    {
        if (fault.Kind is SocketFaultKind.HostUnreachable or SocketFaultKind.NetworkUnreachable)
            Site.Echo.Unreachable(flow, UnreachableCode.Host);
    }

    protected override void Unreachable(UnreachableCode code) => Site.Echo.Unreachable(flow, code);
}
