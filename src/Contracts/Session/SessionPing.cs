using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>
/// A ping or its pong, in either scope: the nonce that the other side sends back. A pong's payload is as long as its
/// ping's (docs/protocol.md, rule 19), and zeros behind the nonce make a ping a probe of its length.
/// </summary>
public readonly record struct SessionPing(SessionMessageType Type, ulong Nonce)
{
    internal const int BodyLength = 8;

    /// <summary>Bytes of the shortest payload.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    public bool IsPong => Type is SessionMessageType.Pong or SessionMessageType.PeerPong;

    /// <summary>False unless <paramref name="message"/> is one of the four kinds of ping and pong.</summary>
    public static bool TryParse(in SessionMessage message, out SessionPing ping)
    {
        ping = default;
        if (message.Type is not (SessionMessageType.Ping or SessionMessageType.Pong or SessionMessageType.PeerPing or SessionMessageType.PeerPong))
            return false;
        ping = new SessionPing(message.Type, BinaryPrimitives.ReadUInt64BigEndian(message.Body));
        return true;
    }

    /// <summary>The pong to this ping, to be written over a payload of the ping's length.</summary>
    /// <exception cref="InvalidOperationException">This is a pong.</exception>
    public SessionPing ToPong() => Type switch
    {
        SessionMessageType.Ping => new(SessionMessageType.Pong, Nonce),
        SessionMessageType.PeerPing => new(SessionMessageType.PeerPong, Nonce),
        _ => throw new InvalidOperationException("A pong is not answered."),
    };

    /// <summary>Fills the whole <paramref name="payload"/>: nonce, then zeros.</summary>
    public void Write(Span<byte> payload) => BinaryPrimitives.WriteUInt64BigEndian(SessionMessage.Begin(Type, payload), Nonce);
}
