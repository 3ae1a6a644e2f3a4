namespace Keyhole.Contracts;

/// <summary>
/// What the relay tells client and connector of each other, both at the same time (docs/protocol.md, rule 17): the other's key, the address that the relay
/// sees it at, and the addresses that it gave of itself.
/// </summary>
/// <param name="publicKey">The other's, 32 bytes.</param>
public readonly ref struct SessionIntroduction(ReadOnlySpan<byte> publicKey, SessionEndpoint reflexive, SessionCandidates candidates)
{
    private const int KeyLength = 32;

    internal const int BodyLength = KeyLength + SessionEndpoint.Length + SessionCandidates.Length;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>Lies in the message that was parsed.</summary>
    public ReadOnlySpan<byte> PublicKey { get; } = publicKey;

    /// <summary>The server-reflexive address of RFC 8445; none when the relay knows the other by no UDP address.</summary>
    public SessionEndpoint Reflexive { get; } = reflexive;

    public SessionCandidates Candidates { get; } = candidates;

    /// <summary>False unless <paramref name="message"/> is an introduction.</summary>
    public static bool TryParse(in SessionMessage message, out SessionIntroduction introduction)
    {
        introduction = default;
        if (message.Type != SessionMessageType.Introduction)
            return false;
        var rest = message.Body[KeyLength..];
        introduction = new SessionIntroduction(message.Body[..KeyLength], SessionEndpoint.Read(rest), SessionCandidates.Read(rest[SessionEndpoint.Length..]));
        return true;
    }

    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public void Write(Span<byte> payload)
    {
        if (PublicKey.Length != KeyLength)
            throw new ArgumentException("A public key has 32 bytes.", nameof(payload));
        var body = SessionMessage.Begin(SessionMessageType.Introduction, payload);
        PublicKey.CopyTo(body);
        Reflexive.Write(body[KeyLength..]);
        Candidates.Write(body[(KeyLength + SessionEndpoint.Length)..]);
    }
}
