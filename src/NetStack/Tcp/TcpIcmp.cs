using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>ICMP errors about a flow's own segments (RFC 1122 section 4.2.3.9, RFC 5927): believed only about what is in flight.</summary>
internal static class TcpIcmp
{
    // RFC 791 and RFC 8200: what every path carries. RFC 1191 section 3 lets routers say less; nobody we would believe does.
    private const int SmallestMtu4 = 576;
    private const int SmallestMtu6 = 1280;

    public static void Receive(TcpFlow flow, in IcmpErrorView error, long now)
    {
        uint seq = error.TcpSequenceNumber;
        bool handshake = flow.TcpState is TcpState.SynSent or TcpState.SynReceived;
        bool inFlight = Seq.GreaterOrEqual(seq, flow.SndUna) && (handshake ? Seq.LessOrEqual(seq, flow.SndNxt) : Seq.Less(seq, flow.SndNxt));
        if (!inFlight)
        {
            flow.Stack.Counters.Drop(DropReason.ForeignIcmp);
            return;
        }

        switch (error.Kind)
        {
            case IcmpErrorKind.PacketTooBig:
                Shrink(flow, error.Mtu, now);
                break;
            case IcmpErrorKind.NetworkUnreachable or IcmpErrorKind.HostUnreachable or IcmpErrorKind.PortUnreachable or IcmpErrorKind.AdministrativelyProhibited
                when flow.TcpState == TcpState.SynSent:
                flow.UnreachableKind = error.Kind;
                flow.Abort(CloseReason.Unreachable);
                break;

            // Soft once the connection stands: the timers decide.
        }
    }

    private static void Shrink(TcpFlow flow, int mtu, long now)
    {
        bool ipv4 = flow.IncomingKey.Source.IsIpv4;
        int size = Math.Max(mtu, ipv4 ? SmallestMtu4 : SmallestMtu6) - flow.HeaderLength - (flow.TimestampsOn ? 12 : 0);
        if (size >= flow.Window.SegmentSize)
            return;
        flow.Window.SegmentSize = flow.SegmentSizeLimit = size;

        // What is on the way in larger segments will not arrive; no sign of congestion (RFC 1191 section 6.5).
        LossRecovery.OnTooBig(flow, size, now);
    }
}
