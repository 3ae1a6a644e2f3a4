using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Edge;

/// <summary>MAP of the Port Control Protocol (RFC 6887, sections 7 and 11) for one UDP port.</summary>
internal static class PcpMap
{
    public const int Length = 60;

    public const int NonceLength = 12;

    private const byte Version = 2;

    private const byte Opcode = 1;

    private const byte Response = 0x80;

    private const byte Udp = 17;

    /// <summary>Asks for a mapping of <paramref name="port"/>; a lifetime of 0 gives it back.</summary>
    /// <param name="suggested">What the gateway gave before; the unspecified address and port 0 for anything.</param>
    public static void Write(Span<byte> datagram, IpAddress client, ushort port, IpEndpoint suggested, ReadOnlySpan<byte> nonce, uint lifetime)
    {
        datagram = datagram[..Length];
        datagram.Clear();
        datagram[0] = Version;
        datagram[1] = Opcode;
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], lifetime);
        client.Write16To(datagram[8..]);
        nonce[..NonceLength].CopyTo(datagram[24..]);
        datagram[36] = Udp;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[40..], port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[42..], suggested.Port);
        suggested.Address.Write16To(datagram[44..]);
    }

    /// <summary>False unless it answers the request with this port and nonce, which nobody off the path knows.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, ushort port, ReadOnlySpan<byte> nonce, out MappingAnswer answer)
    {
        answer = default;
        if (datagram.Length < Length || datagram[0] != Version || datagram[1] != (Response | Opcode) || datagram[36] != Udp
            || !datagram.Slice(24, NonceLength).SequenceEqual(nonce[..NonceLength])
            || BinaryPrimitives.ReadUInt16BigEndian(datagram[40..]) != port)
            return false;
        answer = new MappingAnswer(
            datagram[3],
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            IpAddress.FromBytes(datagram.Slice(44, 16)),
            BinaryPrimitives.ReadUInt16BigEndian(datagram[42..]));
        return true;
    }

    /// <summary>A gateway that speaks NAT-PMP only answers with its version and result 1 (RFC 6886, section 3.5); one of another version of PCP with result 1.</summary>
    public static bool IsUnsupported(ReadOnlySpan<byte> datagram) => datagram.Length >= 4
        && ((datagram[0] == 0 && BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) == 1) || (datagram[0] != 0 && datagram[1] >= Response && datagram[3] == 1));
}
