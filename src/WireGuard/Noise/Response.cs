using System.Buffers.Binary;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>The second handshake message, without its macs (paper section 5.4.3).</summary>
internal static class Response
{
    private const int KeyLength = NoiseConstants.HashLength;

    /// <summary>Writes the answer to an initiation that was read into <paramref name="noise"/>; false when a key of the initiator has low order.</summary>
    public static bool TryWrite(
        in PublicKey initiatorEphemeral,
        in PublicKey initiator,
        PresharedKey presharedKey,
        PrivateKey ephemeral,
        uint senderIndex,
        uint receiverIndex,
        SymmetricState noise,
        Span<byte> message)
    {
        Message.WriteType(message, MessageType.HandshakeResponse);
        BinaryPrimitives.WriteUInt32LittleEndian(message[ResponseMessage.SenderIndexOffset..], senderIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(message[ResponseMessage.ReceiverIndexOffset..], receiverIndex);
        Span<byte> secrets = stackalloc byte[3 * KeyLength];
        var shared = secrets[..(2 * KeyLength)];
        var key = secrets[(2 * KeyLength)..];
        if (!ephemeral.TryAgreeWithBoth(initiatorEphemeral, initiator, shared))
            return false;
        var sentEphemeral = message.Slice(ResponseMessage.EphemeralOffset, PublicKey.Length);
        ephemeral.PublicKey.CopyTo(sentEphemeral);
        noise.MixKey(sentEphemeral);
        noise.MixHash(sentEphemeral);
        noise.MixKey(shared[..KeyLength]);
        noise.MixKey(shared[KeyLength..]);
        noise.MixPresharedKey(presharedKey.Bytes, key);
        noise.EncryptAndHash(key, [], message.Slice(ResponseMessage.EmptyOffset, TransportMessage.TagLength));
        Zero.Fill(secrets);
        return true;
    }

    /// <summary>Reads the answer to the initiation that left C and H in <paramref name="noise"/>.</summary>
    public static DropReason Read(PrivateKey initiator, PrivateKey ephemeral, PresharedKey presharedKey, ReadOnlySpan<byte> message, SymmetricState noise)
    {
        var sentEphemeral = message.Slice(ResponseMessage.EphemeralOffset, PublicKey.Length);
        var responderEphemeral = new PublicKey(sentEphemeral);
        noise.MixKey(sentEphemeral);
        noise.MixHash(sentEphemeral);

        Span<byte> secrets = stackalloc byte[2 * KeyLength];
        var shared = secrets[..KeyLength];
        var key = secrets[KeyLength..];
        if (!ephemeral.TryAgree(responderEphemeral, shared))
            return DropReason.LowOrderKey;
        noise.MixKey(shared);
        if (!initiator.TryAgree(responderEphemeral, shared))
            return DropReason.LowOrderKey;
        noise.MixKey(shared);
        noise.MixPresharedKey(presharedKey.Bytes, key);
        bool authentic = noise.DecryptAndHash(key, message.Slice(ResponseMessage.EmptyOffset, TransportMessage.TagLength), []);
        Zero.Fill(secrets);
        return authentic ? DropReason.None : DropReason.Unauthentic;
    }
}
