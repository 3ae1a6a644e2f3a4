using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>An ICMPv6 message (RFC 4443 section 2.1).</summary>
public readonly ref struct Icmpv6View
{
    private readonly ReadOnlySpan<byte> _message;

    private Icmpv6View(ReadOnlySpan<byte> message) => _message = message;

    public static bool TryParse(ReadOnlySpan<byte> span, out Icmpv6View view)
    {
        view = span.Length < IcmpMessage.HeaderLength ? default : new Icmpv6View(span);
        return span.Length >= IcmpMessage.HeaderLength;
    }

    /// <summary>See <see cref="Icmpv6Type"/>.</summary>
    public byte Type => _message[0];

    public byte Code => _message[1];

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_message[2..]);

    /// <summary>Of echo messages.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Of echo messages.</summary>
    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>Of "packet too big" (RFC 4443 section 3.2).</summary>
    public uint Mtu => BinaryPrimitives.ReadUInt32BigEndian(_message[4..]);

    /// <summary>After the eight bytes of the header: echo data, or the quoted packet of an error.</summary>
    public ReadOnlySpan<byte> Payload => _message[IcmpMessage.HeaderLength..];

    public bool IsEchoRequest => Type == Icmpv6Type.EchoRequest && Code == 0;

    public bool IsEchoReply => Type == Icmpv6Type.EchoReply && Code == 0;

    public bool IsError => Type < 128;

    public bool IsChecksumValid(IpAddress source, IpAddress destination) =>
        Packets.Checksum.Fold(
            Packets.Checksum.Sum(_message, Packets.Checksum.Pseudo(source, destination, IpProtocol.Icmpv6, _message.Length))) == 0xFFFF;
}
