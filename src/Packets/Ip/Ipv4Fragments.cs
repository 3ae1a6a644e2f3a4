using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>An IPv4 packet that may be cut, and the fragments that it makes on a link that carries less (RFC 791 section 3.2). A fragment is cut again.</summary>
public readonly ref struct Ipv4Fragments
{
    private const byte EndOfOptions = 0;
    private const byte NoOperation = 1;
    private const byte CopiedFlag = 0x80;

    private readonly Ipv4View _packet;
    private readonly int _piece;

    private Ipv4Fragments(Ipv4View packet, int piece)
    {
        _packet = packet;
        _piece = piece;
    }

    public int Count => (_packet.Payload.Length + _piece - 1) / _piece;

    /// <summary>False for what is not IPv4, fits, or may not be cut (DF).</summary>
    /// <param name="mtu">Bytes of the longest fragment, 68 or more.</param>
    public static bool TryParse(ReadOnlySpan<byte> span, int mtu, out Ipv4Fragments fragments)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtu, Ipv4Header.MaximumLength + 8);
        fragments = default;
        if (!Ipv4View.TryParse(span, out var packet) || packet.DontFragment || packet.TotalLength <= mtu)
            return false;
        fragments = new Ipv4Fragments(packet, (mtu - packet.HeaderLength) & ~7);
        return true;
    }

    /// <summary>Writes one fragment and says how long it is, at most the MTU.</summary>
    /// <exception cref="ArgumentException">The span is shorter than the fragment.</exception>
    public int Write(int index, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int offset = index * _piece;
        int length = Math.Min(_piece, _packet.Payload.Length - offset);
        int header = _packet.HeaderLength;
        if (destination.Length < header + length)
            throw new ArgumentException("The span is shorter than the fragment.", nameof(destination));
        _packet.Packet[..header].CopyTo(destination);
        _packet.Payload.Slice(offset, length).CopyTo(destination[header..]);
        if (index > 0)
            KeepCopied(destination[Ipv4Header.MinimumLength..header]);
        bool more = _packet.MoreFragments || index < Count - 1;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(header + length));
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)((more ? 0x2000 : 0) | ((_packet.FragmentOffset + offset) / 8 & 0x1FFF)));
        destination[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], Checksum.Finish(Checksum.Sum(destination[..header])));
        return header + length;
    }

    /// <summary>Options that only the first fragment carries make room for nothing, so that all headers are of one length.</summary>
    private static void KeepCopied(Span<byte> options)
    {
        for (int at = 0; at < options.Length && options[at] != EndOfOptions;)
        {
            int length = options[at] == NoOperation ? 1 : at + 1 < options.Length ? options[at + 1] : 0;
            if (length == 0 || at + length > options.Length || (length == 1 && options[at] != NoOperation))
                return;
            if ((options[at] & CopiedFlag) == 0)
                options.Slice(at, length).Fill(NoOperation);
            at += length;
        }
    }
}
