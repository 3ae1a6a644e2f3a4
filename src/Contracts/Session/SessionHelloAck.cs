using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>The relay's answer to a hello: the hello's boot nonce, and the relay's own, which changes when the relay starts anew.</summary>
public readonly record struct SessionHelloAck(UInt128 BootNonce, UInt128 RelayNonce)
{
    internal const int BodyLength = 32;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>False unless <paramref name="message"/> is the answer to a hello.</summary>
    public static bool TryParse(in SessionMessage message, out SessionHelloAck ack)
    {
        ack = default;
        if (message.Type != SessionMessageType.HelloAck)
            return false;
        ack = new SessionHelloAck(BinaryPrimitives.ReadUInt128BigEndian(message.Body), BinaryPrimitives.ReadUInt128BigEndian(message.Body[16..]));
        return true;
    }

    public void Write(Span<byte> payload)
    {
        var body = SessionMessage.Begin(SessionMessageType.HelloAck, payload);
        BinaryPrimitives.WriteUInt128BigEndian(body, BootNonce);
        BinaryPrimitives.WriteUInt128BigEndian(body[16..], RelayNonce);
    }
}
