using System.Buffers.Binary;

namespace Keyhole.Contracts;

/// <summary>
/// An agent's first message in a registration session, and again when what it says has changed. The boot nonce is drawn once per process: when it
/// changes, the relay drops the agent's pair entries and resets its flows (docs/protocol.md, rule 14).
/// </summary>
/// <param name="Candidates">Where the agent may be reached past the relay.</param>
public readonly record struct SessionHello(UInt128 BootNonce, bool Draining, SessionCandidates Candidates = default)
{
    private const int CandidatesOffset = 17;

    internal const int BodyLength = CandidatesOffset + SessionCandidates.Length;

    /// <summary>Bytes of the payload; WireGuard pads it further.</summary>
    public const int Length = SessionMessage.HeaderLength + BodyLength;

    /// <summary>False unless <paramref name="message"/> is a hello whose flags are known.</summary>
    public static bool TryParse(in SessionMessage message, out SessionHello hello)
    {
        hello = default;
        if (message.Type != SessionMessageType.Hello || message.Body[16] > 1)
            return false;
        hello = new SessionHello(
            BinaryPrimitives.ReadUInt128BigEndian(message.Body), message.Body[16] == 1, SessionCandidates.Read(message.Body[CandidatesOffset..]));
        return true;
    }

    public void Write(Span<byte> payload)
    {
        var body = SessionMessage.Begin(SessionMessageType.Hello, payload);
        BinaryPrimitives.WriteUInt128BigEndian(body, BootNonce);
        body[16] = Draining ? (byte)1 : (byte)0;
        Candidates.Write(body[CandidatesOffset..]);
    }
}
