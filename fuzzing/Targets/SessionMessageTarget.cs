using Keyhole.Contracts;

namespace Keyhole.Fuzz;

/// <summary>Control messages inside a session: what parses is written back as the same bytes, up to the padding.</summary>
internal sealed class SessionMessageTarget : IFuzzTarget
{
    public string Name => "session-message";

    public string Door => "a decrypted payload to SessionMessage and its typed forms, in both scopes";

    public int MaximumLength => 256;

    public IEnumerable<(string Name, byte[] Input)> Seeds
    {
        get
        {
            byte[] hello = new byte[SessionHello.Length];
            new SessionHello(new UInt128(1, 2), true).Write(hello);
            yield return ("hello", hello);
            byte[] ack = new byte[SessionHelloAck.Length];
            new SessionHelloAck(new UInt128(1, 2), new UInt128(3, 4)).Write(ack);
            yield return ("hello-ack", ack);
            byte[] wish = new byte[SessionIntroduce.Length];
            new SessionIntroduce(new byte[32]).Write(wish);
            yield return ("introduce", wish);
            byte[] introduction = new byte[SessionIntroduction.Length];
            new SessionIntroduction(new byte[32], new SessionEndpoint(0, 0xFFFF_C000_0201, 40_000), default).Write(introduction);
            yield return ("introduction", introduction);
            foreach (var type in new[] { SessionMessageType.Ping, SessionMessageType.Pong, SessionMessageType.PeerPing, SessionMessageType.PeerPong })
            {
                byte[] ping = new byte[SessionPing.Length];
                new SessionPing(type, 5).Write(ping);
                yield return ($"ping-{(int)type:x2}", ping);
                yield return ($"ping-{(int)type:x2}-padded", [.. ping, .. new byte[50]]);
            }

            foreach (var type in new[] { SessionMessageType.Draining, SessionMessageType.Goodbye })
            {
                byte[] message = new byte[SessionMessage.HeaderLength];
                SessionMessage.Write(type, message);
                yield return ($"bare-{(int)type:x2}", message);
            }
        }
    }

    public void Repair(Span<byte> input)
    {
        if (input.Length >= SessionMessage.HeaderLength)
            input[0] = SessionMessage.FirstByte;
    }

    public ulong Run(Span<byte> input)
    {
        var outcome = new Outcome();
        bool claims = SessionMessage.Claims(input);
        outcome.Add(claims);
        Span<byte> written = stackalloc byte[256];
        int parsed = 0;
        foreach (var scope in new[] { SessionScope.Registration, SessionScope.EndToEnd })
        {
            if (!SessionMessage.TryParse(input, scope, out var message))
                continue;
            parsed++;
            Promise.Holds(claims);
            outcome.Add((long)message.Type);
            var again = written[..input.Length];
            if (SessionHello.TryParse(message, out var hello))
                hello.Write(again);
            else if (SessionHelloAck.TryParse(message, out var ack))
                ack.Write(again);
            else if (SessionPing.TryParse(message, out var ping))
                ping.Write(again);
            else if (SessionIntroduce.TryParse(message, out var wish))
                wish.Write(again);
            else if (SessionIntroduction.TryParse(message, out var introduction))
                introduction.Write(again);
            else if (message.Body.IsEmpty)
                SessionMessage.Write(message.Type, again);
            else
                continue;
            Promise.Holds(again.SequenceEqual(input));
        }

        // No type is valid in both scopes.
        Promise.Holds(parsed <= 1);
        outcome.Add(parsed);
        return outcome.Value;
    }
}
