using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// An ICMP error of either family and the flow that it quotes. The quoted packet may be cut after eight bytes of its transport header
/// (RFC 792), and it was written by whoever sent the error: <see cref="Flow"/> must be known before anything is done with it.
/// </summary>
public readonly ref struct IcmpErrorView
{
    private IcmpErrorView(IcmpErrorKind kind, int mtu, FlowKey flow, ReadOnlySpan<byte> transport)
    {
        Kind = kind;
        Mtu = mtu;
        Flow = flow;
        Transport = transport;
    }

    /// <summary>
    /// False when the packet is no ICMP error, its checksum is wrong, it is a fragment, or it quotes no first fragment of TCP, UDP or echo.
    /// </summary>
    public static bool TryParse(in IpView packet, out IcmpErrorView view)
    {
        view = default;
        if (packet.IsFragment)
            return false;
        IcmpErrorKind kind;
        int mtu = 0;
        ReadOnlySpan<byte> quoted;
        if (packet.Version == 4)
        {
            if (packet.Protocol != IpProtocol.Icmp || !IcmpView.TryParse(packet.Payload, out var icmp) || !icmp.IsError || !icmp.IsChecksumValid)
                return false;
            kind = Kind4(icmp.Type, icmp.Code);
            mtu = kind == IcmpErrorKind.PacketTooBig ? icmp.NextHopMtu : 0;
            quoted = icmp.Payload;
        }
        else
        {
            if (packet.Protocol != IpProtocol.Icmpv6
                || !Icmpv6View.TryParse(packet.Payload, out var icmp)
                || !icmp.IsError
                || !icmp.IsChecksumValid(packet.Source, packet.Destination))
                return false;
            kind = Kind6(icmp.Type, icmp.Code);
            mtu = kind == IcmpErrorKind.PacketTooBig ? (int)Math.Min(icmp.Mtu, ushort.MaxValue) : 0;
            quoted = icmp.Payload;
        }

        return TryParseQuoted(quoted, packet.Version, kind, mtu, out view);
    }

    public IcmpErrorKind Kind { get; }

    /// <summary>Of <see cref="IcmpErrorKind.PacketTooBig"/>, else 0; also 0 from routers older than RFC 1191.</summary>
    public int Mtu { get; }

    /// <summary>The flow of the quoted packet, in the direction in which that packet went.</summary>
    public FlowKey Flow { get; }

    /// <summary>What is there of the quoted transport header and payload: at least eight bytes.</summary>
    public ReadOnlySpan<byte> Transport { get; }

    /// <summary>The sequence number of a quoted segment.</summary>
    public uint TcpSequenceNumber => BinaryPrimitives.ReadUInt32BigEndian(Transport[4..]);

    private static bool TryParseQuoted(ReadOnlySpan<byte> quoted, int version, IcmpErrorKind kind, int mtu, out IcmpErrorView view)
    {
        view = default;
        byte protocol;
        int headerLength;
        IpAddress source, destination;
        if (version == 4)
        {
            if (quoted.Length < Ipv4Header.MinimumLength || quoted[0] >> 4 != 4 || (BinaryPrimitives.ReadUInt16BigEndian(quoted[6..]) & 0x1FFF) != 0)
                return false;
            headerLength = (quoted[0] & 0xF) * 4;
            if (headerLength < Ipv4Header.MinimumLength || headerLength > quoted.Length)
                return false;
            protocol = quoted[9];
            source = IpAddress.FromBytes(quoted.Slice(12, 4));
            destination = IpAddress.FromBytes(quoted.Slice(16, 4));
        }
        else
        {
            if (quoted.Length < Ipv6Header.Length
                || quoted[0] >> 4 != 6
                || !ExtensionChain.TryWalk(quoted, quoted[6], out var chain)
                || chain.FragmentOffset != 0)
                return false;
            protocol = chain.Protocol;
            headerLength = chain.End;
            source = IpAddress.FromBytes(quoted.Slice(8, 16));
            destination = IpAddress.FromBytes(quoted.Slice(24, 16));
        }

        var transport = quoted[headerLength..];
        if (!FlowKey.TryReadQuotedPorts(protocol, transport, out ushort sourcePort, out ushort destinationPort))
            return false;
        view = new IcmpErrorView(kind, mtu, new FlowKey(protocol, source, sourcePort, destination, destinationPort), transport);
        return true;
    }

    private static IcmpErrorKind Kind4(byte type, byte code) => (type, code) switch
    {
        (IcmpType.DestinationUnreachable, 0 or 6) => IcmpErrorKind.NetworkUnreachable,
        (IcmpType.DestinationUnreachable, 1 or 7) => IcmpErrorKind.HostUnreachable,
        (IcmpType.DestinationUnreachable, 3) => IcmpErrorKind.PortUnreachable,
        (IcmpType.DestinationUnreachable, 4) => IcmpErrorKind.PacketTooBig,
        (IcmpType.DestinationUnreachable, 9 or 10 or 13) => IcmpErrorKind.AdministrativelyProhibited,
        (IcmpType.TimeExceeded, 0) => IcmpErrorKind.HopLimitExceeded,
        (IcmpType.TimeExceeded, 1) => IcmpErrorKind.ReassemblyTimeExceeded,
        _ => IcmpErrorKind.Other,
    };

    private static IcmpErrorKind Kind6(byte type, byte code) => (type, code) switch
    {
        (Icmpv6Type.DestinationUnreachable, 0) => IcmpErrorKind.NetworkUnreachable,
        (Icmpv6Type.DestinationUnreachable, 1 or 5 or 6) => IcmpErrorKind.AdministrativelyProhibited,
        (Icmpv6Type.DestinationUnreachable, 3) => IcmpErrorKind.HostUnreachable,
        (Icmpv6Type.DestinationUnreachable, 4) => IcmpErrorKind.PortUnreachable,
        (Icmpv6Type.PacketTooBig, _) => IcmpErrorKind.PacketTooBig,
        (Icmpv6Type.TimeExceeded, 0) => IcmpErrorKind.HopLimitExceeded,
        (Icmpv6Type.TimeExceeded, 1) => IcmpErrorKind.ReassemblyTimeExceeded,
        _ => IcmpErrorKind.Other,
    };
}
