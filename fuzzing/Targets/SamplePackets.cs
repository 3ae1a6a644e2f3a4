using Keyhole.Packets;

namespace Keyhole.Fuzz;

/// <summary>Small valid packets of both families, and the repair that makes a mutated one look valid again.</summary>
internal static class SamplePackets
{
    private const int Ipv4TotalLengthOffset = 2;
    private const int Ipv4ChecksumOffset = 10;
    private const int Ipv6PayloadLengthOffset = 4;

    internal static readonly IpAddress Client4 = IpAddress.Parse("100.64.0.2");
    internal static readonly IpAddress Target4 = IpAddress.Parse("192.168.1.20");
    internal static readonly IpAddress Client6 = IpAddress.Parse("fd00::2");
    internal static readonly IpAddress Target6 = IpAddress.Parse("fd00:1::20");

    internal static IEnumerable<(string Name, byte[] Packet)> All
    {
        get
        {
            foreach (bool ipv6 in new[] { false, true })
            {
                string family = ipv6 ? "ipv6" : "ipv4";
                yield return ($"{family}-udp", Udp(ipv6, 53, [1, 2, 3]));
                yield return ($"{family}-udp-empty", Udp(ipv6, 9, []));
                yield return ($"{family}-tcp-syn", Tcp(ipv6, TcpFlags.Syn, 1000, 0, SynOptions(), []));
                yield return ($"{family}-tcp-data", Tcp(ipv6, TcpFlags.Ack | TcpFlags.Psh, 1001, 1, TimestampOptions(), [1, 2, 3, 4, 5]));
                yield return ($"{family}-tcp-sack", Tcp(ipv6, TcpFlags.Ack, 1001, 1, SackOptions(), []));
                yield return ($"{family}-echo", Echo(ipv6, 7, 1, [1, 2, 3, 4, 5, 6, 7, 8]));
                yield return ($"{family}-error", Error(ipv6, IcmpErrorKind.PortUnreachable));
                yield return ($"{family}-too-big", Error(ipv6, IcmpErrorKind.PacketTooBig));
            }

            yield return ("ipv4-options", WithOptions());
            yield return ("ipv4-first-fragment", Fragment4(0, true, 16));
            yield return ("ipv4-last-fragment", Fragment4(16, false, 5));
            yield return ("ipv6-first-fragment", Fragment6(0, true, 16));
            yield return ("ipv6-extension-headers", WithExtensionHeaders());
            yield return ("padded", [.. Udp(false, 1, [1]), 0, 0, 0, 0, 0]);
        }
    }

    internal static byte[] Udp(bool ipv6, ushort port, ReadOnlySpan<byte> payload)
    {
        byte[] datagram = new byte[UdpHeader.Length + payload.Length];
        payload.CopyTo(datagram.AsSpan(UdpHeader.Length));
        UdpHeader.Write(datagram, Client(ipv6), 40000, Target(ipv6), port);
        return Wrap(ipv6, IpProtocol.Udp, datagram);
    }

    internal static byte[] Tcp(bool ipv6, TcpFlags flags, uint sequence, uint acknowledgment, TcpOptions options, ReadOnlySpan<byte> payload)
    {
        byte[] segment = new byte[TcpHeader.MinimumLength + options.Length + payload.Length];
        payload.CopyTo(segment.AsSpan(segment.Length - payload.Length));
        TcpHeader.Write(segment, 40000, 80, sequence, acknowledgment, flags, 64240, options);
        TcpHeader.WriteChecksum(segment, Client(ipv6), Target(ipv6));
        return Wrap(ipv6, IpProtocol.Tcp, segment);
    }

    internal static byte[] Echo(bool ipv6, ushort identifier, ushort sequence, ReadOnlySpan<byte> payload)
    {
        byte[] message = new byte[IcmpMessage.HeaderLength + payload.Length];
        payload.CopyTo(message.AsSpan(IcmpMessage.HeaderLength));
        IcmpMessage.WriteEchoRequest(message, Client(ipv6), Target(ipv6), identifier, sequence);
        return Wrap(ipv6, ipv6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp, message);
    }

    internal static byte[] Fragment4(int offset, bool more, int length)
    {
        byte[] packet = new byte[Ipv4Header.MinimumLength + length];
        packet.AsSpan(Ipv4Header.MinimumLength).Fill((byte)offset);
        Ipv4Header.Write(packet, Client4, Target4, IpProtocol.Udp, packet.Length, identification: 77, dontFragment: false, moreFragments: more, fragmentOffset: offset);
        return packet;
    }

    internal static byte[] Fragment6(int offset, bool more, int length)
    {
        byte[] payload = new byte[8 + length];
        payload.AsSpan(8).Fill((byte)offset);
        payload[0] = IpProtocol.Udp;
        payload[2] = (byte)(offset >> 8);
        payload[3] = (byte)(offset & 0xF8 | (more ? 1 : 0));
        payload[7] = 77;
        return Wrap(true, 44, payload);
    }

    /// <summary>Lengths and checksums of the outermost IP packet made right, as far as there is one.</summary>
    internal static void Repair(Span<byte> packet)
    {
        if (packet.Length >= Ipv4Header.MinimumLength && packet[0] >> 4 == 4)
        {
            int header = Math.Clamp((packet[0] & 0xF) * 4, Ipv4Header.MinimumLength, packet.Length);
            WriteUInt16(packet[Ipv4TotalLengthOffset..], Math.Min(packet.Length, ushort.MaxValue));
            packet[Ipv4ChecksumOffset..(Ipv4ChecksumOffset + 2)].Clear();
            WriteUInt16(packet[Ipv4ChecksumOffset..], Checksum.Finish(Checksum.Sum(packet[..header])));
            RepairTransport(packet, header, packet[9]);
        }
        else if (packet.Length >= Ipv6Header.Length && packet[0] >> 4 == 6)
        {
            WriteUInt16(packet[Ipv6PayloadLengthOffset..], Math.Min(packet.Length - Ipv6Header.Length, ushort.MaxValue));
            RepairTransport(packet, Ipv6Header.Length, packet[6]);
        }
    }

    private static void RepairTransport(Span<byte> packet, int header, byte protocol)
    {
        var (length, checksum) = protocol switch
        {
            IpProtocol.Udp => (UdpHeader.Length, 6),
            IpProtocol.Tcp => (TcpHeader.MinimumLength, 16),
            IpProtocol.Icmp or IpProtocol.Icmpv6 => (IcmpMessage.HeaderLength, 2),
            _ => (int.MaxValue, 0),
        };
        var body = packet[header..];
        if (body.Length < length || !IpView.TryParse(packet, out var view) || view.IsFragment || view.HeaderLength != header)
            return;
        if (protocol == IpProtocol.Udp)
            WriteUInt16(body[4..], body.Length);
        body.Slice(checksum, 2).Clear();
        ulong pseudo = protocol == IpProtocol.Icmp ? 0 : Checksum.Pseudo(view.Source, view.Destination, protocol, body.Length);
        WriteUInt16(body[checksum..], Checksum.Finish(Checksum.Sum(body, pseudo)));
    }

    private static byte[] Error(bool ipv6, IcmpErrorKind kind)
    {
        byte[] offending = Udp(ipv6, 9, [1, 2, 3, 4]);
        byte[] packet = new byte[IcmpError.MaximumLength];
        Promise.Holds(IpView.TryParse(offending, out var view));
        Promise.Holds(IcmpError.TryWrite(packet, view, Target(ipv6), kind, 1280, out int length));
        return packet[..length];
    }

    private static byte[] WithOptions()
    {
        byte[] plain = Udp(false, 9, [1, 2, 3]);
        byte[] packet = [.. plain[..20], 0x94, 4, 0, 0, .. plain[20..]];
        packet[0] = 0x46;
        Repair(packet);
        return packet;
    }

    private static byte[] WithExtensionHeaders()
    {
        byte[] plain = Udp(true, 9, [1, 2, 3]);
        // Hop-by-hop, destination options, then UDP.
        byte[] packet = [.. plain[..40], 60, 0, 1, 4, 0, 0, 0, 0, IpProtocol.Udp, 0, 1, 4, 0, 0, 0, 0, .. plain[40..]];
        packet[6] = 0;
        WriteUInt16(packet.AsSpan(Ipv6PayloadLengthOffset), packet.Length - Ipv6Header.Length);
        return packet;
    }

    private static byte[] Wrap(bool ipv6, byte protocol, byte[] payload)
    {
        byte[] packet = new byte[(ipv6 ? Ipv6Header.Length : Ipv4Header.MinimumLength) + payload.Length];
        if (ipv6)
            Ipv6Header.Write(packet, Client6, Target6, protocol, payload.Length);
        else
            Ipv4Header.Write(packet, Client4, Target4, protocol, packet.Length);
        payload.CopyTo(packet.AsSpan(packet.Length - payload.Length));
        return packet;
    }

    private static IpAddress Client(bool ipv6) => ipv6 ? Client6 : Client4;

    private static IpAddress Target(bool ipv6) => ipv6 ? Target6 : Target4;

    private static TcpOptions SynOptions() => new() { MaximumSegmentSize = 1380, WindowScale = 7, SackPermitted = true, HasTimestamps = true, TimestampValue = 1 };

    private static TcpOptions TimestampOptions() => new() { HasTimestamps = true, TimestampValue = 2, TimestampEchoReply = 1 };

    private static TcpOptions SackOptions()
    {
        var options = TimestampOptions();
        options.TryAddSackBlock(new SackBlock(2000, 3000));
        options.TryAddSackBlock(new SackBlock(4000, 5000));
        return options;
    }

    private static void WriteUInt16(Span<byte> at, int value) => (at[0], at[1]) = ((byte)(value >> 8), (byte)value);
}
