using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>Packets that answer without a flow. None is larger than what it answers, but for the ICMP error, which a host asked for.</summary>
internal static class StatelessReply
{
    private const byte HopLimit = 64;

    /// <summary>RST to a segment for which there is no connection (RFC 9293 section 3.10.7.1).</summary>
    public static void Reset(TcpStack stack, in FlowKey incoming, int peer, in Segment segment)
    {
        if (segment.IsRst)
            return;
        if (segment.IsAck)
            Send(stack, incoming, peer, segment.Ack, 0, TcpFlags.Rst, default);
        else
            Send(stack, incoming, peer, 0, segment.End, TcpFlags.Rst | TcpFlags.Ack, default);
        stack.Counters.ResetsSent++;
    }

    /// <summary>RST to a SYN that waited for its target.</summary>
    public static void Reset(TcpStack stack, PendingSyn syn)
    {
        Send(stack, syn.IncomingKey, syn.Peer, 0, syn.Irs + 1, TcpFlags.Rst | TcpFlags.Ack, default);
        stack.Counters.ResetsSent++;
    }

    /// <summary>A bare segment in the direction opposite to <paramref name="incoming"/>.</summary>
    public static void Send(TcpStack stack, in FlowKey incoming, int peer, uint seq, uint ack, TcpFlags flags, in TcpOptions options, ushort window = 0)
    {
        int ipLength = IpHeader.LengthFor(incoming.Source);
        int length = ipLength + TcpHeader.MinimumLength + options.Length;
        var packet = stack.Sink.CanSend(peer) ? stack.Sink.Rent(peer, length) : default;
        if (packet.IsEmpty)
            return;
        IpHeader.Write(packet, incoming.Destination, incoming.Source, IpProtocol.Tcp, length - ipLength, HopLimit);
        var segment = packet[ipLength..length];
        TcpHeader.Write(segment, incoming.DestinationPort, incoming.SourcePort, seq, ack, flags, window, options);
        TcpHeader.WriteChecksum(segment, incoming.Destination, incoming.Source);
        stack.Sink.Commit(peer, length);
        stack.Counters.SegmentsSent++;
    }

    /// <summary>ICMP destination unreachable about a SYN, quoting it as far as it was kept: addresses, ports and sequence number.</summary>
    public static void Unreachable(TcpStack stack, PendingSyn syn, UnreachableCode code)
    {
        ref readonly var key = ref syn.IncomingKey;
        Span<byte> quoted = stackalloc byte[Ipv6Header.Length + TcpHeader.MinimumLength];
        int ipLength = IpHeader.Write(quoted, key.Source, key.Destination, IpProtocol.Tcp, TcpHeader.MinimumLength, HopLimit);
        quoted = quoted[..(ipLength + TcpHeader.MinimumLength)];
        TcpHeader.Write(quoted[ipLength..], key.SourcePort, key.DestinationPort, syn.Irs, 0, TcpFlags.Syn, syn.Window, default);
        TcpHeader.WriteChecksum(quoted[ipLength..], key.Source, key.Destination);
        var kind = code switch
        {
            UnreachableCode.Network => IcmpErrorKind.NetworkUnreachable,
            UnreachableCode.Prohibited => IcmpErrorKind.AdministrativelyProhibited,
            _ => IcmpErrorKind.HostUnreachable,
        };
        Span<byte> error = stackalloc byte[IcmpError.MaximumLength];
        if (!IpView.TryParse(quoted, out var offending)
            || !IcmpError.TryWrite(error, offending, key.Destination, kind, 0, out int length)
            || !stack.Sink.CanSend(syn.Peer))
            return;
        var packet = stack.Sink.Rent(syn.Peer, length);
        if (packet.IsEmpty)
            return;
        error[..length].CopyTo(packet);
        stack.Sink.Commit(syn.Peer, length);
    }
}
