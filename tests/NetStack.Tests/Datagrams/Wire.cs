using Keyhole.Packets;

namespace Keyhole.NetStack.Tests;

/// <summary>Packets as a peer would send them.</summary>
internal static class Wire
{
    public static readonly IpAddress Client4 = IpAddress.Parse("100.64.0.7");
    public static readonly IpAddress Target4 = IpAddress.Parse("192.168.1.20");
    public static readonly IpAddress Client6 = IpAddress.Parse("fd00:1::7");
    public static readonly IpAddress Target6 = IpAddress.Parse("fd00:2::20");

    public static byte[] Udp(IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, ReadOnlySpan<byte> payload)
    {
        int ip = IpHeader.LengthFor(source);
        byte[] packet = new byte[ip + UdpHeader.Length + payload.Length];
        IpHeader.Write(packet, source, destination, IpProtocol.Udp, packet.Length - ip);
        payload.CopyTo(packet.AsSpan(ip + UdpHeader.Length));
        UdpHeader.Write(packet.AsSpan(ip), source, sourcePort, destination, destinationPort);
        return packet;
    }

    public static byte[] Echo(IpAddress source, IpAddress destination, ushort identifier, ushort sequenceNumber, ReadOnlySpan<byte> payload)
    {
        int ip = IpHeader.LengthFor(source);
        byte[] packet = new byte[ip + IcmpMessage.HeaderLength + payload.Length];
        IpHeader.Write(packet, source, destination, source.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, packet.Length - ip);
        payload.CopyTo(packet.AsSpan(ip + IcmpMessage.HeaderLength));
        IcmpMessage.WriteEchoRequest(packet.AsSpan(ip), source, destination, identifier, sequenceNumber);
        return packet;
    }

    public static byte[] Bytes(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The piece of a packet from <paramref name="offset"/> of its payload, as a router or sender would cut it.</summary>
    public static byte[] Fragment(ReadOnlySpan<byte> packet, int offset, int length, bool more, uint identification = 0x1234)
    {
        Assert.True(IpView.TryParse(packet, out var view));
        var piece = packet.Slice(view.HeaderLength, packet.Length - view.HeaderLength).Slice(offset, length);
        return view.Version == 4
            ? Fragment4(view, piece, offset, more, identification)
            : Fragment6(view, piece, offset, more, identification);
    }

    private static byte[] Fragment4(in IpView view, ReadOnlySpan<byte> piece, int offset, bool more, uint identification)
    {
        byte[] fragment = new byte[20 + piece.Length];
        Ipv4Header.Write(fragment, view.Source, view.Destination, view.Protocol, fragment.Length, identification: (ushort)identification, dontFragment: false, moreFragments: more, fragmentOffset: offset);
        piece.CopyTo(fragment.AsSpan(20));
        return fragment;
    }

    private static byte[] Fragment6(in IpView view, ReadOnlySpan<byte> piece, int offset, bool more, uint identification)
    {
        byte[] fragment = new byte[48 + piece.Length];
        Ipv6Header.Write(fragment, view.Source, view.Destination, IpProtocol.Fragment, 8 + piece.Length);
        fragment[40] = view.Protocol;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(42), (ushort)(offset | (more ? 1 : 0)));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(fragment.AsSpan(44), identification);
        piece.CopyTo(fragment.AsSpan(48));
        return fragment;
    }
}
