using System.Buffers.Binary;

namespace Keyhole.Packets;

/// <summary>An ICMP message (RFC 792).</summary>
public readonly ref struct IcmpView
{
    private readonly ReadOnlySpan<byte> _message;

    private IcmpView(ReadOnlySpan<byte> message) => _message = message;

    public static bool TryParse(ReadOnlySpan<byte> span, out IcmpView view)
    {
        view = span.Length < IcmpMessage.HeaderLength ? default : new IcmpView(span);
        return span.Length >= IcmpMessage.HeaderLength;
    }

    /// <summary>See <see cref="IcmpType"/>.</summary>
    public byte Type => _message[0];

    public byte Code => _message[1];

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_message[2..]);

    /// <summary>Of echo messages.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Of echo messages.</summary>
    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>Of "fragmentation needed" (RFC 1191 section 4); zero from old routers.</summary>
    public ushort NextHopMtu => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>After the eight bytes of the header: echo data, or the quoted packet of an error.</summary>
    public ReadOnlySpan<byte> Payload => _message[IcmpMessage.HeaderLength..];

    public bool IsEchoRequest => Type == IcmpType.EchoRequest && Code == 0;

    public bool IsEchoReply => Type == IcmpType.EchoReply && Code == 0;

    public bool IsError => Type is IcmpType.DestinationUnreachable or IcmpType.SourceQuench or IcmpType.Redirect or IcmpType.TimeExceeded or IcmpType.ParameterProblem;

    public bool IsChecksumValid => Packets.Checksum.Fold(Packets.Checksum.Sum(_message)) == 0xFFFF;
}
