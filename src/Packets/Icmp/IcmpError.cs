namespace Keyhole.Packets;

/// <summary>Builds ICMP errors about a packet, for both families, and says when none may be sent.</summary>
public static class IcmpError
{
    /// <summary>What <see cref="TryWrite"/> needs at most: RFC 1812 section 4.3.2.3 (IPv4) and RFC 4443 section 3.1, cut to 576 for both.</summary>
    public const int MaximumLength = 576;

    /// <summary>
    /// Writes a whole IP packet to <paramref name="offending"/>'s source that quotes it, with <paramref name="from"/> as its source.
    /// <paramref name="mtu"/> counts for <see cref="IcmpErrorKind.PacketTooBig"/> only. False, and nothing is written, where RFC 1122
    /// section 3.2.2 and RFC 4443 section 2.4 (e) forbid an error: about an error, a fragment other than the first, or a packet to a group.
    /// </summary>
    /// <exception cref="ArgumentException">The span is shorter than <see cref="MaximumLength"/>, or the families differ.</exception>
    public static bool TryWrite(Span<byte> destination, in IpView offending, IpAddress from, IcmpErrorKind kind, int mtu, out int length)
    {
        length = 0;
        if (destination.Length < MaximumLength)
            Throw.TooShort(nameof(destination), MaximumLength);
        if (!MayAnswer(offending))
            return false;
        var to = offending.Source;
        int header = IpHeader.LengthFor(from);
        int quoted = Math.Min(offending.TotalLength, MaximumLength - header - IcmpMessage.HeaderLength);
        offending.Packet[..quoted].CopyTo(destination[(header + IcmpMessage.HeaderLength)..]);
        length = header + IcmpMessage.HeaderLength + quoted;
        var (type, code) = from.IsIpv4 ? TypeAndCode4(kind) : TypeAndCode6(kind);
        IpHeader.Write(destination, from, to, from.IsIpv4 ? IpProtocol.Icmp : IpProtocol.Icmpv6, length - header);
        uint rest = kind == IcmpErrorKind.PacketTooBig ? (uint)mtu : 0;
        IcmpMessage.Write(destination[header..length], from, to, type, code, rest);
        return true;
    }

    private static bool MayAnswer(in IpView offending)
    {
        if (offending.FragmentOffset != 0)
            return false;
        if (offending.Version == 4)
        {
            return offending.Destination.Ipv4 >> 28 < 0xE
                && !(offending.Protocol == IpProtocol.Icmp && (!IcmpView.TryParse(offending.Payload, out var icmp) || icmp.IsError));
        }

        return offending.Destination.High >> 56 != 0xFF
            && !(offending.Protocol == IpProtocol.Icmpv6 && (!Icmpv6View.TryParse(offending.Payload, out var icmpv6) || icmpv6.IsError));
    }

    private static (byte Type, byte Code) TypeAndCode4(IcmpErrorKind kind) => kind switch
    {
        IcmpErrorKind.NetworkUnreachable => (IcmpType.DestinationUnreachable, 0),
        IcmpErrorKind.HostUnreachable => (IcmpType.DestinationUnreachable, 1),
        IcmpErrorKind.PortUnreachable => (IcmpType.DestinationUnreachable, 3),
        IcmpErrorKind.PacketTooBig => (IcmpType.DestinationUnreachable, 4),
        IcmpErrorKind.AdministrativelyProhibited => (IcmpType.DestinationUnreachable, 13),
        IcmpErrorKind.HopLimitExceeded => (IcmpType.TimeExceeded, 0),
        IcmpErrorKind.ReassemblyTimeExceeded => (IcmpType.TimeExceeded, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static (byte Type, byte Code) TypeAndCode6(IcmpErrorKind kind) => kind switch
    {
        IcmpErrorKind.NetworkUnreachable => (Icmpv6Type.DestinationUnreachable, 0),
        IcmpErrorKind.AdministrativelyProhibited => (Icmpv6Type.DestinationUnreachable, 1),
        IcmpErrorKind.HostUnreachable => (Icmpv6Type.DestinationUnreachable, 3),
        IcmpErrorKind.PortUnreachable => (Icmpv6Type.DestinationUnreachable, 4),
        IcmpErrorKind.PacketTooBig => (Icmpv6Type.PacketTooBig, 0),
        IcmpErrorKind.HopLimitExceeded => (Icmpv6Type.TimeExceeded, 0),
        IcmpErrorKind.ReassemblyTimeExceeded => (Icmpv6Type.TimeExceeded, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
