using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>A <c>-L udp:</c>: every program that sends to the local port has a flow of its own to the target.</summary>
internal sealed class UdpForward : LocalDatagramSocket
{
    private readonly ProxyTarget _target;
    private readonly Dictionary<IpEndpoint, UdpFlow> _bySender = [];

    /// <exception cref="NetworkException">The port is in use, or the address is not this machine's.</exception>
    public UdpForward(ProxyFront front, in PortForward forward) : base(front, forward.Listen) => _target = forward.Target;

    protected override void Received(ReadOnlySpan<byte> datagram, in IpEndpoint source)
    {
        if (_bySender.TryGetValue(source, out var flow) || TryOpen(source, out flow))
            Front.Flows.Send(flow, datagram);
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var flow in _bySender.Values.ToList())
            Front.Flows.Close(flow);
        base.Dispose(disposing);
    }

    private bool TryOpen(in IpEndpoint sender, out UdpFlow flow)
    {
        flow = null!;
        if (Front.Find(_target, IpProtocol.Udp, out var source, out var endpoint) != TargetVerdict.Granted)
        {
            Front.Counts.NotGranted++;
            return false;
        }

        ushort port = Front.Flows.NextPort();
        if (Front.Flows.Open(source, ref port, endpoint, new Sender(this, sender)) is not { } opened)
            return false;
        _bySender[sender] = flow = opened;
        return true;
    }

    private sealed class Sender(UdpForward forward, IpEndpoint endpoint) : IDatagramOwner
    {
        public void OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload) => forward.Answer(endpoint, default, payload);

        public void OnClosed(UdpFlow flow) => forward._bySender.Remove(endpoint);
    }
}
