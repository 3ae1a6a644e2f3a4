using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>
/// A control message inside a WireGuard session (docs/protocol.md, rule 20): byte 0 is 0x10, whose first nibble is neither
/// 4 nor 6, byte 1 the type, bytes 2 and 3 the length of the body (big endian), then the body and zeros to the end of
/// the payload. Parsing proves all of it; writing fills the whole span that it is given.
/// </summary>
public readonly ref struct SessionMessage
{
    public const byte FirstByte = 0x10;

    /// <summary>Bytes before the body.</summary>
    public const int HeaderLength = 4;

    private SessionMessage(SessionMessageType type, ReadOnlySpan<byte> body)
    {
        Type = type;
        Body = body;
    }

    public SessionMessageType Type { get; }

    /// <summary>Exactly as long as the type demands.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>True when <paramref name="payload"/> claims to be a control message; all else is an IP packet or nothing.</summary>
    public static bool Claims(ReadOnlySpan<byte> payload) => !payload.IsEmpty && payload[0] == FirstByte;

    /// <summary>False for a type that is unknown or not valid in this scope, a wrong length, and padding that is not zero.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, SessionScope scope, out SessionMessage message)
    {
        message = default;
        if (payload.Length < HeaderLength || payload[0] != FirstByte)
            return false;
        var type = (SessionMessageType)payload[1];
        int length = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        if (length != BodyLength(type) || payload.Length - HeaderLength < length || ScopeOf(type) != scope)
            return false;
        if (payload[(HeaderLength + length)..].ContainsAnyExcept((byte)0))
            return false;
        message = new SessionMessage(type, payload.Slice(HeaderLength, length));
        return true;
    }

    /// <summary>Bytes of the shortest payload of this type.</summary>
    public static int MinimumLength(SessionMessageType type) => HeaderLength + BodyLength(type);

    /// <summary>Writes a message without a body (<see cref="SessionMessageType.Draining"/>, <see cref="SessionMessageType.Goodbye"/>) and zeros to the end.</summary>
    public static void Write(SessionMessageType type, Span<byte> payload) => Begin(type, payload);

    /// <summary>Writes the header, clears the rest and gives the body to fill.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The payload is shorter than the type demands, or longer than a datagram.</exception>
    internal static Span<byte> Begin(SessionMessageType type, Span<byte> payload)
    {
        int length = BodyLength(type);
        ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(type));
        ArgumentOutOfRangeException.ThrowIfLessThan(payload.Length, HeaderLength + length, nameof(payload));
        payload.Clear();
        payload[0] = FirstByte;
        payload[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], (ushort)length);
        return payload.Slice(HeaderLength, length);
    }

    private static SessionScope ScopeOf(SessionMessageType type) => (byte)type < 0x80 ? SessionScope.Registration : SessionScope.EndToEnd;

    /// <summary>Every type has one length; -1 for a type that does not exist.</summary>
    private static int BodyLength(SessionMessageType type) => type switch
    {
        SessionMessageType.Hello => SessionHello.BodyLength,
        SessionMessageType.HelloAck => SessionHelloAck.BodyLength,
        SessionMessageType.Ping or SessionMessageType.Pong or SessionMessageType.PeerPing or SessionMessageType.PeerPong => SessionPing.BodyLength,
        SessionMessageType.Counterpart => SessionCounterpart.BodyLength,
        SessionMessageType.Introduce => SessionIntroduce.BodyLength,
        SessionMessageType.Introduction => SessionIntroduction.BodyLength,
        SessionMessageType.PeerMtu => SessionMtu.BodyLength,
        SessionMessageType.Draining or SessionMessageType.Goodbye => 0,
        _ => -1,
    };
}
