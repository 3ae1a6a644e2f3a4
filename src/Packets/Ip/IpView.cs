using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>
/// A packet of either family as it may travel inside the overlay. <see cref="TryParse"/> is the door: it refuses what is malformed
/// and what can never be legal between two hosts of an overlay:
/// <list type="bullet">
/// <item>a length beyond the span, a header shorter than 20 bytes, an IPv4 header with a wrong checksum (RFC 1122 section 3.2.1.2);</item>
/// <item>a source that is unspecified, loopback, multicast, class E or broadcast; a destination that is unspecified or loopback;
/// equal source and destination; an IPv4-mapped or IPv4-compatible IPv6 address;</item>
/// <item>IPv4 source routes, IPv6 routing headers that are not used up, more than eight extension headers;</item>
/// <item>fragments that are empty, that end past 65,535 bytes, or that have a successor and no multiple of 8 bytes.</item>
/// </list>
/// </summary>
public readonly ref struct IpView
{
    private readonly ReadOnlySpan<byte> _packet;
    private readonly uint _identification;
    private readonly int _headerLength;
    private readonly ushort _fragmentOffset;
    private readonly bool _moreFragments;
    private readonly byte _protocol;

    private IpView(ReadOnlySpan<byte> packet, int headerLength, byte protocol, uint identification, int fragmentOffset, bool moreFragments)
    {
        _packet = packet;
        _headerLength = headerLength;
        _protocol = protocol;
        _identification = identification;
        _fragmentOffset = (ushort)fragmentOffset;
        _moreFragments = moreFragments;
    }

    public static bool TryParse(ReadOnlySpan<byte> span, out IpView view)
    {
        if (span.Length >= Ipv4Header.MinimumLength)
        {
            if (span[0] >> 4 == 4)
                return TryParse4(span, out view);
            if (span[0] >> 4 == 6)
                return TryParse6(span, out view);
        }

        view = default;
        return false;
    }

    /// <summary>4 or 6.</summary>
    public int Version => _packet[0] >> 4;

    /// <summary>Headers and payload, without padding.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    public int TotalLength => _packet.Length;

    public IpAddress Source => Version == 4
        ? new IpAddress(BinaryPrimitives.ReadUInt32BigEndian(_packet[12..]))
        : new IpAddress(BinaryPrimitives.ReadUInt64BigEndian(_packet[8..]), BinaryPrimitives.ReadUInt64BigEndian(_packet[16..]));

    public IpAddress Destination => Version == 4
        ? new IpAddress(BinaryPrimitives.ReadUInt32BigEndian(_packet[16..]))
        : new IpAddress(BinaryPrimitives.ReadUInt64BigEndian(_packet[24..]), BinaryPrimitives.ReadUInt64BigEndian(_packet[32..]));

    /// <summary>After extension headers; of a fragment, what its fragment header says follows.</summary>
    public byte Protocol => _protocol;

    /// <summary>Offset of the transport header: IPv4 options or IPv6 extension headers included. Of a fragment, offset of its data.</summary>
    public int HeaderLength => _headerLength;

    /// <summary>From <see cref="HeaderLength"/> to <see cref="TotalLength"/>.</summary>
    public ReadOnlySpan<byte> Payload => _packet[_headerLength..];

    /// <summary>False for a whole packet and for an atomic fragment (RFC 6946).</summary>
    public bool IsFragment => _moreFragments || _fragmentOffset != 0;

    /// <summary>In bytes.</summary>
    public int FragmentOffset => _fragmentOffset;

    public bool MoreFragments => _moreFragments;

    /// <summary>16 bits in IPv4, 32 in IPv6, where it is zero without a fragment header.</summary>
    public uint Identification => _identification;

    /// <summary>True for IPv6, whose packets are never fragmented on their way.</summary>
    public bool DontFragment => Version == 6 || (_packet[6] & 0x40) != 0;

    public byte HopLimit => Version == 4 ? _packet[8] : _packet[7];

    public byte TrafficClass => Version == 4 ? _packet[1] : (byte)(BinaryPrimitives.ReadUInt16BigEndian(_packet) >> 4);

    /// <summary>
    /// The flow of a whole packet or a first fragment: ports of TCP and UDP; of an echo request or reply its identifier as both
    /// ports, so that the reply's key is the request's <see cref="FlowKey.Reverse"/>. False for all else.
    /// </summary>
    public bool TryGetFlow(out FlowKey flow)
    {
        if (_fragmentOffset == 0 && FlowKey.TryReadPorts(_protocol, Payload, out ushort sourcePort, out ushort destinationPort))
        {
            flow = new FlowKey(_protocol, Source, sourcePort, Destination, destinationPort);
            return true;
        }

        flow = default;
        return false;
    }

    private static bool TryParse4(ReadOnlySpan<byte> span, out IpView view)
    {
        view = default;
        if (!Ipv4View.TryParse(span, out var header)
            || !header.IsHeaderChecksumValid
            || !IsOrdinary4(header.Source.Ipv4, header.Destination.Ipv4)
            || (header.HeaderLength > Ipv4Header.MinimumLength && !AreOrdinaryOptions(header.Options))
            || !IsOrdinaryFragment(header.FragmentOffset, header.MoreFragments, header.TotalLength - header.HeaderLength))
            return false;
        view = new IpView(
            header.Packet,
            header.HeaderLength,
            header.Protocol,
            header.Identification,
            header.FragmentOffset,
            header.MoreFragments);
        return true;
    }

    private static bool TryParse6(ReadOnlySpan<byte> span, out IpView view)
    {
        view = default;
        if (!Ipv6View.TryParse(span, out var header)
            || !IsOrdinary6(header.Source, header.Destination)
            || !ExtensionChain.TryWalk(header.Packet, header.NextHeader, out var chain)
            || !IsOrdinaryFragment(chain.FragmentOffset, chain.MoreFragments, header.TotalLength - chain.End))
            return false;
        view = new IpView(header.Packet, chain.End, chain.Protocol, chain.Identification, chain.FragmentOffset, chain.MoreFragments);
        return true;
    }

    private static bool IsOrdinary4(uint source, uint destination) =>
        source != destination
        && source >> 24 is not (0 or 127 or >= 224)
        && destination >> 24 is not (0 or 127);

    private static bool IsOrdinary6(IpAddress source, IpAddress destination) =>
        source != destination
        && source.High >> 56 != 0xFF
        && !IsSpecial6(source)
        && !IsSpecial6(destination);

    /// <summary>::/96 holds the unspecified, loopback and IPv4-compatible addresses, ::ffff:0:0/96 the mapped ones.</summary>
    private static bool IsSpecial6(IpAddress address) => address.High == 0 && address.Low >> 32 is 0 or 0xFFFF;

    private static bool IsOrdinaryFragment(int offset, bool more, int length) =>
        (offset == 0 && !more)
        || (length > 0 && offset + length <= ushort.MaxValue && (!more || length % 8 == 0));

    /// <summary>Every option lies inside the header, and none is a loose or strict source route (RFC 7126 section 4.3).</summary>
    private static bool AreOrdinaryOptions(ReadOnlySpan<byte> options)
    {
        const byte EndOfList = 0, NoOperation = 1, LooseRoute = 131, StrictRoute = 137;
        while (!options.IsEmpty)
        {
            switch (options[0])
            {
                case EndOfList:
                    return true;
                case NoOperation:
                    options = options[1..];
                    continue;
                case LooseRoute or StrictRoute:
                    return false;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
                return false;
            options = options[options[1]..];
        }

        return true;
    }
}
