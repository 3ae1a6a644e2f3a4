using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>
/// The relay's answer to a hello: the hello's boot nonce, and the relay's own, which changes when the relay starts anew. The relay repeats it unasked when
/// the agent has moved.
/// </summary>
/// <param name="Reflexive">The UDP address that the relay sees the agent at; none when there is none.</param>
public readonly record struct SessionHelloAck(UInt128 BootNonce, UInt128 RelayNonce, SessionEndpoint Reflexive = default)
{
    internal const int BodyLength = 32 + SessionEndpoint.Length;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>False unless <paramref name="message"/> is the answer to a hello.</summary>
    public static bool TryParse(in SessionMessage message, out SessionHelloAck ack)
    {
        ack = default;
        if (message.Type != SessionMessageType.HelloAck)
            return false;
        ack = new SessionHelloAck(
            BinaryPrimitives.ReadUInt128BigEndian(message.Body), BinaryPrimitives.ReadUInt128BigEndian(message.Body[16..]), SessionEndpoint.Read(message.Body[32..]));
        return true;
    }

    public void Write(Span<byte> payload)
    {
        var body = SessionMessage.Begin(SessionMessageType.HelloAck, payload);
        BinaryPrimitives.WriteUInt128BigEndian(body, BootNonce);
        BinaryPrimitives.WriteUInt128BigEndian(body[16..], RelayNonce);
        Reflexive.Write(body[32..]);
    }
}
