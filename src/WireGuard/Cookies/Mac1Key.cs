using System.Runtime.Intrinsics;
using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>
/// The key of mac1 in handshake messages to one receiver: Hash("mac1----" ‖ its public key) (paper section 5.4.4). Not a secret: whoever knows the
/// public key has it, which is how a relay finds the receiver of an initiation.
/// </summary>
public readonly struct Mac1Key : IEquatable<Mac1Key>
{
    private readonly Vector256<byte> _key;

    public Mac1Key(in PublicKey receiver)
    {
        Span<byte> key = stackalloc byte[NoiseConstants.HashLength];
        Blake2s.Hash(NoiseConstants.LabelMac1, receiver.Bytes, key);
        _key = Vector256.Create<byte>(key);
    }

    /// <summary>Whether mac1 of an initiation or response is that of this receiver; false for anything else.</summary>
    public bool Verify(ReadOnlySpan<byte> message)
    {
        int offset = Mac1Offset(message);
        Span<byte> key = stackalloc byte[NoiseConstants.HashLength];
        _key.CopyTo(key);
        return offset > 0 && Blake2s.Verify(key, message[..offset], message.Slice(offset, Message.MacLength));
    }

    public bool Equals(Mac1Key other) => _key == other._key;

    public override bool Equals(object? obj) => obj is Mac1Key other && Equals(other);

    public override int GetHashCode() => _key.GetHashCode();

    public static bool operator ==(Mac1Key left, Mac1Key right) => left.Equals(right);

    public static bool operator !=(Mac1Key left, Mac1Key right) => !left.Equals(right);

    /// <summary>Where mac1 starts; 0 when the message has none.</summary>
    internal static int Mac1Offset(ReadOnlySpan<byte> message) => Message.TypeOf(message) switch
    {
        MessageType.HandshakeInitiation => InitiationMessage.Mac1Offset,
        MessageType.HandshakeResponse => ResponseMessage.Mac1Offset,
        _ => 0,
    };

    /// <summary>Writes mac1 of an initiation or response whose fields before it are complete.</summary>
    public void Write(Span<byte> message)
    {
        int offset = Mac1Offset(message);
        Span<byte> key = stackalloc byte[NoiseConstants.HashLength];
        _key.CopyTo(key);
        Blake2s.Mac(key, message[..offset], message.Slice(offset, Message.MacLength));
    }
}
