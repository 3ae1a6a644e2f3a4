using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// A datagram of which some fragments have arrived. The buffer keeps the IP header of the first fragment right in front of the
/// data, so that the whole packet is one span.
/// </summary>
internal sealed class FragmentedDatagram : IShareholder<FragmentedDatagram>
{
    /// <summary>65,535 bytes in the smallest fragments that a path of 576 bytes makes, and some.</summary>
    public const int MaximumFragments = 128;

    /// <summary>An IPv4 header with options, or an IPv6 header and what may stand before the fragment header.</summary>
    public const int MaximumHeader = 256;

    private const int Unknown = -1;

    private readonly byte[] _buffer = new byte[MaximumHeader + ushort.MaxValue];
    private readonly (ushort Start, ushort End)[] _fragments = new (ushort, ushort)[MaximumFragments];
    private AgeLink<FragmentedDatagram> _shareLink;
    private AgeLink<FragmentedDatagram> _ageLink;
    private int _fragmentCount;
    private int _received;
    private int _total;
    private int _header;

    public FragmentKey Key { get; private set; }

    public long StartedAt { get; private set; }

    /// <summary>Fragments overlapped: the rest of them is ignored until the time is over (RFC 5722 section 3).</summary>
    public bool IsSpoiled { get; private set; }

    PeerShare<FragmentedDatagram>? IShareholder<FragmentedDatagram>.Share { get; set; }

    ref AgeLink<FragmentedDatagram> IShareholder<FragmentedDatagram>.ShareLink => ref _shareLink;

    bool IShareholder<FragmentedDatagram>.IsProven => false;

    public void Reuse(in FragmentKey key, long now)
    {
        Key = key;
        StartedAt = now;
        IsSpoiled = false;
        _fragmentCount = _received = 0;
        _total = _header = Unknown;
    }

    /// <summary>Takes one fragment. <paramref name="headerLength"/> counts what precedes the fragment header, or the IPv4 header.</summary>
    public FragmentOutcome Add(in IpView packet, int headerLength)
    {
        int start = packet.FragmentOffset;
        var data = packet.Payload;
        int end = start + data.Length;
        if (IsSpoiled)
            return FragmentOutcome.Spoiled;
        switch (Compare(start, end, data))
        {
            case FragmentOutcome.Duplicate:
                return FragmentOutcome.Duplicate;
            case FragmentOutcome.Spoiled:
                return Spoil();
        }

        // One end only, and nothing behind it.
        bool last = !packet.MoreFragments;
        if ((_total != Unknown && (last || end > _total))
            || (last && LastByte > end)
            || _fragmentCount == MaximumFragments
            || (start == 0 && headerLength > MaximumHeader))
            return Spoil();
        if (last)
            _total = end;
        if (start == 0)
        {
            _header = headerLength;
            var header = _buffer.AsSpan(MaximumHeader - headerLength, headerLength);
            packet.Packet[..headerLength].CopyTo(header);
            if (packet.Version == 6)
                header[LastNextHeader(header)] = packet.Packet[headerLength];
        }

        data.CopyTo(_buffer.AsSpan(MaximumHeader + start));
        _fragments[_fragmentCount++] = ((ushort)start, (ushort)end);
        _received += data.Length;
        if (_header == Unknown || _received != _total)
            return FragmentOutcome.Stored;

        // The whole must be one packet again: RFC 791 counts the header in its 65,535 bytes, RFC 8200 what follows the fixed one.
        int counted = packet.Version == 4 ? _header : _header - Ipv6Header.Length;
        return counted + _total <= ushort.MaxValue ? FragmentOutcome.Complete : Spoil();
    }

    /// <summary>The packet with the header of its first fragment, whose lengths are still those of the fragment.</summary>
    public Span<byte> Whole => _buffer.AsSpan(MaximumHeader - _header, _header + _total);

    private int LastByte
    {
        get
        {
            int last = 0;
            foreach (var (_, end) in _fragments.AsSpan(0, _fragmentCount))
                last = Math.Max(last, end);
            return last;
        }
    }

    /// <summary>RFC 8200 section 4.5: an exact duplicate may have been made by the network, any other overlap is an attack.</summary>
    private FragmentOutcome Compare(int start, int end, ReadOnlySpan<byte> data)
    {
        foreach (var (from, to) in _fragments.AsSpan(0, _fragmentCount))
        {
            if (start >= to || end <= from)
                continue;
            return from == start && to == end && data.SequenceEqual(_buffer.AsSpan(MaximumHeader + start, data.Length))
                ? FragmentOutcome.Duplicate
                : FragmentOutcome.Spoiled;
        }

        return FragmentOutcome.Stored;
    }

    /// <summary>Where the header that preceded the fragment header, the fixed one or an extension, says what follows it.</summary>
    private static int LastNextHeader(ReadOnlySpan<byte> header)
    {
        int field = 6;
        for (int at = Ipv6Header.Length; at < header.Length;)
        {
            int length = header[field] == IpProtocol.AuthenticationHeader ? (header[at + 1] + 2) * 4 : (header[at + 1] + 1) * 8;
            field = at;
            at += length;
        }

        return field;
    }

    private FragmentOutcome Spoil()
    {
        IsSpoiled = true;
        return FragmentOutcome.Spoiled;
    }

    internal readonly struct Age : IAgeLink<FragmentedDatagram>
    {
        public static ref AgeLink<FragmentedDatagram> Of(FragmentedDatagram item) => ref item._ageLink;
    }
}
