using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>What a client has found the way to carry on which it says so (docs/protocol.md, rule 21).</summary>
/// <param name="Mtu">Bytes of the longest inner packet.</param>
public readonly record struct SessionMtu(ushort Mtu)
{
    internal const int BodyLength = 2;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>False unless <paramref name="message"/> is one.</summary>
    public static bool TryParse(in SessionMessage message, out SessionMtu mtu)
    {
        bool isOne = message.Type == SessionMessageType.PeerMtu;
        mtu = isOne ? new SessionMtu(BinaryPrimitives.ReadUInt16BigEndian(message.Body)) : default;
        return isOne;
    }

    public void Write(Span<byte> payload) => BinaryPrimitives.WriteUInt16BigEndian(SessionMessage.Begin(SessionMessageType.PeerMtu, payload), Mtu);
}
