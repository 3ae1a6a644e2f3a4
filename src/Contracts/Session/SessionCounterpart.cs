namespace Keyhole.Contracts;

/// <summary>
/// A client's announcement of the connector to which its next handshakes go (docs/protocol.md, rule 7): the relay then tries this key first. It is a hint
/// and opens nothing. From a relay it says that this connector started anew (rule 14), and the client handshakes with it at once.
/// </summary>
/// <param name="publicKey">The connector's, 32 bytes.</param>
public readonly ref struct SessionCounterpart(ReadOnlySpan<byte> publicKey)
{
    internal const int BodyLength = 32;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>Lies in the message that was parsed.</summary>
    public ReadOnlySpan<byte> PublicKey { get; } = publicKey;

    /// <summary>False unless <paramref name="message"/> is an announcement.</summary>
    public static bool TryParse(in SessionMessage message, out SessionCounterpart counterpart)
    {
        counterpart = message.Type == SessionMessageType.Counterpart ? new SessionCounterpart(message.Body) : default;
        return message.Type == SessionMessageType.Counterpart;
    }

    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public void Write(Span<byte> payload)
    {
        if (PublicKey.Length != BodyLength)
            throw new ArgumentException("A public key has 32 bytes.", nameof(payload));
        PublicKey.CopyTo(SessionMessage.Begin(SessionMessageType.Counterpart, payload));
    }
}
