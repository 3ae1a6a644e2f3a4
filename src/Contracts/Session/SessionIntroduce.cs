namespace Keyhole.Contracts;

/// <summary>A client's wish to be introduced to a connector, so that the two may find a way past the relay (docs/protocol.md, rule 17).</summary>
/// <param name="publicKey">The connector's, 32 bytes.</param>
public readonly ref struct SessionIntroduce(ReadOnlySpan<byte> publicKey)
{
    internal const int BodyLength = 32;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>Lies in the message that was parsed.</summary>
    public ReadOnlySpan<byte> PublicKey { get; } = publicKey;

    /// <summary>False unless <paramref name="message"/> is such a wish.</summary>
    public static bool TryParse(in SessionMessage message, out SessionIntroduce introduce)
    {
        introduce = message.Type == SessionMessageType.Introduce ? new SessionIntroduce(message.Body) : default;
        return message.Type == SessionMessageType.Introduce;
    }

    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public void Write(Span<byte> payload)
    {
        if (PublicKey.Length != BodyLength)
            throw new ArgumentException("A public key has 32 bytes.", nameof(payload));
        PublicKey.CopyTo(SessionMessage.Begin(SessionMessageType.Introduce, payload));
    }
}
