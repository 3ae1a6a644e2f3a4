using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.NetStack;

/// <summary>
/// Builds packets of an eight-byte transport header and a payload straight in the sink's memory, in fragments where they exceed the
/// MTU (RFC 791 section 3.2, RFC 8200 section 4.5): the peer sees us as the target, and a target may send datagrams of any size.
/// </summary>
internal sealed class DatagramWriter(IPacketSink sink, int maximumMtu)
{
    public const int TransportHeaderLength = 8;

    private const int FragmentHeaderLength = 8;

    private uint _identification;

    /// <summary>Whether a datagram of this flow takes more than one packet.</summary>
    public bool IsFragmented(int peer, in FlowKey key, int payloadLength) =>
        (key.Source.IsIpv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length) + TransportHeaderLength + payloadLength > MtuOf(peer, key);

    /// <summary>
    /// Sends one datagram from the key's source to its destination. <paramref name="header"/> is the transport header in network order
    /// with a zero checksum, which stands in its bytes <paramref name="checksumAt"/> and is filled in here.
    /// </summary>
    /// <returns>False when the sink took less than all of it.</returns>
    public bool TrySend(int peer, in FlowKey key, Span<byte> header, int checksumAt, bool zeroMeansNone, ReadOnlySpan<byte> payload)
    {
        if (!sink.CanSend(peer))
            return false;
        bool ipv4 = key.Source.IsIpv4;
        int transport = TransportHeaderLength + payload.Length;
        ulong sum = ipv4 && key.Protocol == IpProtocol.Icmp ? 0 : Checksum.Pseudo(key.Source, key.Destination, key.Protocol, transport);
        sum = Checksum.Sum(header, sum);
        int ip = ipv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length;
        int mtu = MtuOf(peer, key);
        if (ip + transport > mtu)
        {
            WriteChecksum(header[checksumAt..], Checksum.Sum(payload, sum), zeroMeansNone);
            return TrySendFragments(peer, key, header, payload, mtu);
        }

        var packet = sink.Rent(peer, ip + transport);
        if (packet.IsEmpty)
            return false;
        IpHeader.Write(packet, key.Source, key.Destination, key.Protocol, transport);
        WriteChecksum(header[checksumAt..], Checksum.CopySum(payload, packet[(ip + TransportHeaderLength)..], sum), zeroMeansNone);
        header.CopyTo(packet[ip..]);
        sink.Commit(peer, ip + transport);
        return true;
    }

    private static void WriteChecksum(Span<byte> field, ulong sum, bool zeroMeansNone)
    {
        ushort checksum = Checksum.Finish(sum);
        BinaryPrimitives.WriteUInt16BigEndian(field, checksum == 0 && zeroMeansNone ? ushort.MaxValue : checksum);
    }

    private int MtuOf(int peer, in FlowKey key) => Math.Min(maximumMtu, sink.MtuOf(peer, key).Current);

    private static int PieceLength(bool ipv4, int mtu) => (mtu - (ipv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length + FragmentHeaderLength)) & ~7;

    private bool TrySendFragments(int peer, in FlowKey key, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, int mtu)
    {
        bool ipv4 = key.Source.IsIpv4;
        int piece = PieceLength(ipv4, mtu);
        int transport = TransportHeaderLength + payload.Length;
        int lead = ipv4 ? Ipv4Header.MinimumLength : Ipv6Header.Length + FragmentHeaderLength;
        uint identification = ++_identification;
        for (int offset = 0; offset < transport; offset += piece)
        {
            int length = Math.Min(piece, transport - offset);
            bool more = offset + length < transport;
            var packet = sink.Rent(peer, lead + length);
            if (packet.IsEmpty)
                return false;
            if (ipv4)
                Ipv4Header.Write(packet, key.Source, key.Destination, key.Protocol, lead + length, identification: (ushort)identification, dontFragment: false, moreFragments: more, fragmentOffset: offset);
            else
                WriteFragmentHeader6(packet, key, length, identification, more, offset);
            var body = packet[lead..];
            if (offset == 0)
            {
                header.CopyTo(body);
                payload[..(length - TransportHeaderLength)].CopyTo(body[TransportHeaderLength..]);
            }
            else
            {
                payload.Slice(offset - TransportHeaderLength, length).CopyTo(body);
            }

            sink.Commit(peer, lead + length);
        }

        return true;
    }

    private static void WriteFragmentHeader6(Span<byte> packet, in FlowKey key, int length, uint identification, bool more, int offset)
    {
        Ipv6Header.Write(packet, key.Source, key.Destination, IpProtocol.Fragment, FragmentHeaderLength + length);
        var fragment = packet[Ipv6Header.Length..];
        fragment[0] = key.Protocol;
        fragment[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(fragment[2..], (ushort)(offset | (more ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(fragment[4..], identification);
    }
}
