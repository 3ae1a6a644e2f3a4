using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// ICMP errors about the last datagram of a flow (RFC 792, RFC 4443 section 3.1). The datagram itself is gone: quoted are its IP header,
/// rebuilt, and the eight bytes of its transport header, by which the peer's system finds the socket.
/// </summary>
internal static class DatagramError
{
    public static bool TrySend(IPacketSink sink, DatagramFlow flow, IcmpErrorKind kind)
    {
        var key = flow.Key;
        bool ipv4 = key.Source.IsIpv4;
        int ip = IpHeader.LengthFor(key.Source);
        int length = ip + IcmpMessage.HeaderLength + ip + DatagramWriter.TransportHeaderLength;
        if (!sink.CanSend(flow.Peer))
            return false;
        var packet = sink.Rent(flow.Peer, length);
        if (packet.IsEmpty)
            return false;
        var message = packet[ip..length];
        var quoted = message[IcmpMessage.HeaderLength..];
        IpHeader.Write(quoted, key.Source, key.Destination, key.Protocol, flow.QuotedLength);
        BinaryPrimitives.WriteUInt64BigEndian(quoted[ip..], flow.QuotedHeader);
        IpHeader.Write(packet, key.Destination, key.Source, ipv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, message.Length);
        var (type, code) = ipv4 ? TypeAndCode4(kind) : TypeAndCode6(kind);
        IcmpMessage.Write(message, key.Destination, key.Source, type, code, 0);
        sink.Commit(flow.Peer, length);
        return true;
    }

    /// <summary>The kind for a target that cannot be reached.</summary>
    public static IcmpErrorKind KindOf(UnreachableCode code) => code switch
    {
        UnreachableCode.Network => IcmpErrorKind.NetworkUnreachable,
        UnreachableCode.Host => IcmpErrorKind.HostUnreachable,
        UnreachableCode.Prohibited => IcmpErrorKind.AdministrativelyProhibited,
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };

    private static (byte Type, byte Code) TypeAndCode4(IcmpErrorKind kind) => (IcmpType.DestinationUnreachable, kind switch
    {
        IcmpErrorKind.NetworkUnreachable => 0,
        IcmpErrorKind.HostUnreachable => 1,
        IcmpErrorKind.PortUnreachable => 3,
        IcmpErrorKind.AdministrativelyProhibited => 13,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    });

    private static (byte Type, byte Code) TypeAndCode6(IcmpErrorKind kind) => (Icmpv6Type.DestinationUnreachable, kind switch
    {
        IcmpErrorKind.NetworkUnreachable => 0,
        IcmpErrorKind.AdministrativelyProhibited => 1,
        IcmpErrorKind.HostUnreachable => 3,
        IcmpErrorKind.PortUnreachable => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    });
}
