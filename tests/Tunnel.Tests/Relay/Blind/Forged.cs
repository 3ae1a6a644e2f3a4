using System.Buffers.Binary;
using Keyhole.Cryptography;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

/// <summary>What somebody can make who knows public keys and no private one: any bytes, with a mac1 that is right.</summary>
internal static class Forged
{
    public static byte[] Initiation(PublicKey responder, uint senderIndex, Random? random = null)
    {
        byte[] message = new byte[InitiationMessage.Length];
        (random ?? new Random(1)).NextBytes(message);
        BinaryPrimitives.WriteUInt32LittleEndian(message, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), senderIndex);
        message.AsSpan(InitiationMessage.Mac2Offset).Clear();
        new Mac1Key(responder).Write(message);
        return message;
    }

    public static byte[] Response(PublicKey initiator, uint senderIndex, uint receiverIndex)
    {
        byte[] message = new byte[ResponseMessage.Length];
        new Random(1).NextBytes(message);
        BinaryPrimitives.WriteUInt32LittleEndian(message, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), senderIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), receiverIndex);
        message.AsSpan(ResponseMessage.Mac2Offset).Clear();
        new Mac1Key(initiator).Write(message);
        return message;
    }

    public static byte[] CookieReply(uint receiverIndex)
    {
        byte[] message = new byte[CookieReplyMessage.Length];
        new Random(1).NextBytes(message);
        BinaryPrimitives.WriteUInt32LittleEndian(message, 3);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), receiverIndex);
        return message;
    }

    public static byte[] Data(uint receiverIndex, int length = 96)
    {
        byte[] message = new byte[length];
        new Random(1).NextBytes(message);
        BinaryPrimitives.WriteUInt32LittleEndian(message, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), receiverIndex);
        return message;
    }
}
