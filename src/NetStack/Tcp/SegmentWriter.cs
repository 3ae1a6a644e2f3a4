using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>Sends single segments of a flow that carry no payload: SYNs, acknowledgements, probes, resets. Data goes by <see cref="SegmentTemplate"/>.</summary>
internal static class SegmentWriter
{
    private const byte HopLimit = 64;

    /// <summary>Sends one segment; false when the sink has no room.</summary>
    public static bool TryWrite(TcpFlow flow, uint seq, TcpFlags flags, ushort window, in TcpOptions options)
    {
        var stack = flow.Stack;
        int length = flow.HeaderLength + options.Length;
        var packet = stack.Sink.Rent(flow.Peer, length);
        if (packet.IsEmpty)
            return false;
        ref readonly var key = ref flow.IncomingKey;
        int ipLength = flow.HeaderLength - TcpHeader.MinimumLength;
        IpHeader.Write(packet, key.Destination, key.Source, IpProtocol.Tcp, length - ipLength, HopLimit);
        var header = packet[ipLength..length];
        bool acknowledges = (flags & TcpFlags.Ack) != 0;
        TcpHeader.Write(header, key.DestinationPort, key.SourcePort, seq, acknowledges ? flow.RcvNxt : 0, flags, window, options);
        ulong sum = flow.PseudoSum + Checksum.Pseudo(default, default, 0, length - ipLength);
        TcpHeader.WriteChecksum(header, Checksum.Sum(header, sum));
        stack.Sink.Commit(flow.Peer, length);
        stack.Counters.SegmentsSent++;
        return true;
    }
}
