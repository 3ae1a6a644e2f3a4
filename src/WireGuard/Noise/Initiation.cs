using System.Buffers.Binary;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>The first handshake message, without its macs (paper section 5.4.2).</summary>
internal static class Initiation
{
    private const int KeyLength = NoiseConstants.HashLength;

    /// <summary>Writes the message and leaves C and H in <paramref name="noise"/>; false when the responder's public key has low order.</summary>
    /// <param name="staticShared">DH of both static keys.</param>
    public static bool TryWrite(
        PrivateKey initiator,
        in PublicKey responder,
        ReadOnlySpan<byte> staticShared,
        PrivateKey ephemeral,
        Tai64n timestamp,
        uint senderIndex,
        SymmetricState noise,
        Span<byte> message)
    {
        Message.WriteType(message, MessageType.HandshakeInitiation);
        BinaryPrimitives.WriteUInt32LittleEndian(message[InitiationMessage.SenderIndexOffset..], senderIndex);
        noise.Begin(responder);
        var sentEphemeral = message.Slice(InitiationMessage.EphemeralOffset, PublicKey.Length);
        ephemeral.PublicKey.CopyTo(sentEphemeral);
        noise.MixKey(sentEphemeral);
        noise.MixHash(sentEphemeral);

        Span<byte> secrets = stackalloc byte[2 * KeyLength];
        var shared = secrets[..KeyLength];
        var key = secrets[KeyLength..];
        if (!ephemeral.TryAgree(responder, shared))
            return false;
        noise.MixKey(shared, key);
        noise.EncryptAndHash(key, initiator.PublicKey.Bytes, message.Slice(InitiationMessage.StaticOffset, InitiationMessage.SealedStaticLength));

        noise.MixKey(staticShared, key);
        Span<byte> label = stackalloc byte[Tai64n.Length];
        timestamp.WriteTo(label);
        noise.EncryptAndHash(key, label, message.Slice(InitiationMessage.TimestampOffset, InitiationMessage.SealedTimestampLength));
        Zero.Fill(secrets);
        return true;
    }

    /// <summary>Opens the initiator's public key, which nothing authenticates yet.</summary>
    public static DropReason ReadStatic(PrivateKey responder, ReadOnlySpan<byte> message, SymmetricState noise, out PublicKey ephemeral, out PublicKey initiator)
    {
        noise.Begin(responder.PublicKey);
        var sentEphemeral = message.Slice(InitiationMessage.EphemeralOffset, PublicKey.Length);
        ephemeral = new PublicKey(sentEphemeral);
        initiator = default;
        noise.MixKey(sentEphemeral);
        noise.MixHash(sentEphemeral);

        Span<byte> secrets = stackalloc byte[2 * KeyLength];
        var shared = secrets[..KeyLength];
        var key = secrets[KeyLength..];
        if (!responder.TryAgree(ephemeral, shared))
            return DropReason.LowOrderKey;
        noise.MixKey(shared, key);
        Span<byte> opened = stackalloc byte[PublicKey.Length];
        bool authentic = noise.DecryptAndHash(key, message.Slice(InitiationMessage.StaticOffset, InitiationMessage.SealedStaticLength), opened);
        Zero.Fill(secrets);
        if (!authentic)
            return DropReason.Unauthentic;
        initiator = new PublicKey(opened);
        return DropReason.None;
    }

    /// <summary>Opens the timestamp, which proves that the initiator holds its static key.</summary>
    public static bool TryReadTimestamp(ReadOnlySpan<byte> message, ReadOnlySpan<byte> staticShared, SymmetricState noise, out Tai64n timestamp)
    {
        Span<byte> key = stackalloc byte[KeyLength];
        noise.MixKey(staticShared, key);
        Span<byte> label = stackalloc byte[Tai64n.Length];
        bool authentic = noise.DecryptAndHash(key, message.Slice(InitiationMessage.TimestampOffset, InitiationMessage.SealedTimestampLength), label);
        Zero.Fill(key);
        timestamp = authentic ? Tai64n.Read(label) : default;
        return authentic;
    }
}
