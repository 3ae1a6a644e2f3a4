using System.Globalization;

namespace Keyhole.Contracts.Tests;

public class SessionMessageTests
{
    public static TheoryData<SessionMessageType, SessionScope> Types => new()
    {
        { SessionMessageType.Hello, SessionScope.Registration },
        { SessionMessageType.HelloAck, SessionScope.Registration },
        { SessionMessageType.Ping, SessionScope.Registration },
        { SessionMessageType.Pong, SessionScope.Registration },
        { SessionMessageType.Draining, SessionScope.Registration },
        { SessionMessageType.Goodbye, SessionScope.Registration },
        { SessionMessageType.Counterpart, SessionScope.Registration },
        { SessionMessageType.Introduce, SessionScope.Registration },
        { SessionMessageType.Introduction, SessionScope.Registration },
        { SessionMessageType.PeerPing, SessionScope.EndToEnd },
        { SessionMessageType.PeerPong, SessionScope.EndToEnd },
        { SessionMessageType.PeerMtu, SessionScope.EndToEnd },
    };

    [Fact]
    public void A_hello_is_read_back()
    {
        var hello = new SessionHello(UInt128.MaxValue - 5, true, Some(2));
        byte[] payload = Filled(SessionHello.Length);
        hello.Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        Assert.True(SessionHello.TryParse(message, out var read));
        Assert.Equal(hello, read);
        Assert.False(SessionHelloAck.TryParse(message, out _));
        Assert.False(SessionPing.TryParse(message, out _));
    }

    [Fact]
    public void A_hello_with_unknown_flags_is_refused()
    {
        byte[] payload = Filled(SessionHello.Length);
        new SessionHello(1, true).Write(payload);
        payload[SessionMessage.HeaderLength + 16] = 2;
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        Assert.False(SessionHello.TryParse(message, out _));
    }

    [Fact]
    public void A_hello_ack_is_read_back()
    {
        var ack = new SessionHelloAck(3, UInt128.One << 100, new SessionEndpoint(1, 2, 40_000));
        byte[] payload = Filled(SessionHelloAck.Length + 12);
        ack.Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        Assert.True(SessionHelloAck.TryParse(message, out var read));
        Assert.Equal(ack, read);
        Assert.False(SessionHello.TryParse(message, out _));
    }

    [Fact]
    public void Introductions_and_the_wish_for_one_are_read_back()
    {
        byte[] key = Filled(32);
        byte[] payload = Filled(SessionIntroduce.Length + 3);
        new SessionIntroduce(key).Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        Assert.True(SessionIntroduce.TryParse(message, out var wish));
        Assert.True(wish.PublicKey.SequenceEqual(key));
        Assert.False(SessionIntroduction.TryParse(message, out _));

        payload = Filled(SessionIntroduction.Length + 2);
        new SessionIntroduction(key, new SessionEndpoint(7, 8, 9), Some(SessionCandidates.MaximumCount)).Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out message));
        Assert.True(SessionIntroduction.TryParse(message, out var introduction));
        Assert.True(introduction.PublicKey.SequenceEqual(key));
        Assert.Equal(new SessionEndpoint(7, 8, 9), introduction.Reflexive);
        Assert.Equal(Some(SessionCandidates.MaximumCount), introduction.Candidates);
        Assert.NotEqual(Some(1), introduction.Candidates);
        Assert.False(SessionIntroduce.TryParse(message, out _));

        Assert.Throws<ArgumentException>(() => new SessionIntroduce(key.AsSpan(1)).Write(new byte[SessionIntroduce.Length]));
        Assert.Throws<ArgumentException>(() => new SessionIntroduction(key.AsSpan(1), default, default).Write(new byte[SessionIntroduction.Length]));
    }

    [Fact]
    public void What_a_way_carries_is_read_back()
    {
        byte[] payload = Filled(SessionMtu.Length + 10);
        new SessionMtu(1420).Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.EndToEnd, out var message));
        Assert.True(SessionMtu.TryParse(message, out var mtu));
        Assert.Equal(1420, mtu.Mtu);
        Assert.False(SessionPing.TryParse(message, out _));

        new SessionPing(SessionMessageType.PeerPing, 5).Write(payload);
        Assert.True(SessionMessage.TryParse(payload, SessionScope.EndToEnd, out message));
        Assert.False(SessionMtu.TryParse(message, out _));
    }

    [Theory]
    [InlineData(SessionMessageType.Ping, SessionMessageType.Pong, SessionScope.Registration)]
    [InlineData(SessionMessageType.PeerPing, SessionMessageType.PeerPong, SessionScope.EndToEnd)]
    public void A_pong_has_the_nonce_and_the_length_of_its_ping(SessionMessageType ping, SessionMessageType pong, SessionScope scope)
    {
        byte[] payload = Filled(1232);
        new SessionPing(ping, 0x0102030405060708).Write(payload);
        Assert.True(SessionMessage.TryParse(payload, scope, out var message));
        Assert.True(SessionPing.TryParse(message, out var read));
        byte[] answer = Filled(payload.Length);
        read.ToPong().Write(answer);
        Assert.True(SessionMessage.TryParse(answer, scope, out message));
        Assert.True(SessionPing.TryParse(message, out var readPong));
        Assert.Equal(new SessionPing(pong, 0x0102030405060708), readPong);
        Assert.True(readPong.IsPong);
        Assert.Throws<InvalidOperationException>(() => readPong.ToPong());
    }

    [Theory]
    [Trait("Threat", "3")]
    [MemberData(nameof(Types))]
    public void A_type_is_valid_in_one_scope_only(SessionMessageType type, SessionScope scope)
    {
        byte[] payload = Filled(SessionMessage.MinimumLength(type) + 7);
        SessionMessage.Write(type, payload);
        Assert.True(SessionMessage.TryParse(payload, scope, out var message));
        Assert.Equal(type, message.Type);
        var other = scope == SessionScope.Registration ? SessionScope.EndToEnd : SessionScope.Registration;
        Assert.False(SessionMessage.TryParse(payload, other, out _));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Only_the_exact_length_and_zero_padding_are_taken(SessionMessageType type, SessionScope scope)
    {
        byte[] payload = Filled(SessionMessage.MinimumLength(type) + 5);
        SessionMessage.Write(type, payload);
        for (int length = 0; length < SessionMessage.MinimumLength(type); length++)
            Assert.False(SessionMessage.TryParse(payload.AsSpan(0, length), scope, out _), length.ToString(CultureInfo.InvariantCulture));
        for (int index = SessionMessage.MinimumLength(type); index < payload.Length; index++)
        {
            payload[index] = 1;
            Assert.False(SessionMessage.TryParse(payload, scope, out _));
            payload[index] = 0;
        }

        foreach (int index in new[] { 2, 3 })
        {
            payload[index] ^= 1;
            Assert.False(SessionMessage.TryParse(payload, scope, out _));
            payload[index] ^= 1;
        }

        Assert.True(SessionMessage.TryParse(payload, scope, out _));
    }

    [Fact]
    public void No_IP_packet_is_a_control_message()
    {
        byte[] payload = new byte[64];
        for (int first = 0; first < 256; first++)
        {
            payload[0] = (byte)first;
            payload[1] = (byte)SessionMessageType.Draining;
            Assert.Equal(first == SessionMessage.FirstByte, SessionMessage.TryParse(payload, SessionScope.Registration, out _));
        }

        Assert.DoesNotContain(SessionMessage.FirstByte >> 4, new[] { 4, 6 });
        Assert.False(SessionMessage.Claims([]));
    }

    [Fact]
    public void Any_bytes_are_parsed_without_a_throw_and_what_is_accepted_is_rewritten_the_same()
    {
        int seed = TestSeed.Next();
        var random = new Random(seed);
        byte[] payload = new byte[240];
        byte[] again = new byte[240];
        int accepted = 0;
        for (int round = 0; round < 200_000; round++)
        {
            int length = random.Next(payload.Length);
            var span = payload.AsSpan(0, length);
            span.Clear();
            random.NextBytes(span[..Math.Min(length, random.Next(40))]);
            if (length > 4 && random.Next(4) > 0)
            {
                span[0] = SessionMessage.FirstByte;
                span[1] = (byte)random.Next(10);
                span[2] = 0;
                span[3] = (byte)new[] { 0, 8, 32, 50, 143, 176 }[random.Next(6)];
            }

            if (!SessionMessage.TryParse(span, SessionScope.Registration, out var message))
                continue;
            accepted++;
            var copy = again.AsSpan(0, length);
            if (SessionHello.TryParse(message, out var hello))
                hello.Write(copy);
            else if (SessionHelloAck.TryParse(message, out var ack))
                ack.Write(copy);
            else if (SessionPing.TryParse(message, out var ping))
                ping.Write(copy);
            else if (SessionIntroduce.TryParse(message, out var wish))
                wish.Write(copy);
            else if (SessionIntroduction.TryParse(message, out var introduction))
                introduction.Write(copy);
            else if (message.Body.IsEmpty)
                SessionMessage.Write(message.Type, copy);
            else
                continue;
            Assert.True(span.SequenceEqual(copy), $"KEYHOLE_SEED={seed} round {round}");
        }

        Assert.True(accepted > 1000, $"KEYHOLE_SEED={seed}: only {accepted} accepted");
    }

    [Fact]
    public void Writing_and_parsing_allocate_nothing()
    {
        byte[] payload = new byte[64];
        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
            Round();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Round()
        {
            new SessionPing(SessionMessageType.Ping, 7).Write(payload);
            if (!SessionMessage.TryParse(payload, SessionScope.Registration, out var message) || !SessionPing.TryParse(message, out _))
                throw new InvalidOperationException();
        }
    }

    [Fact]
    public void A_payload_that_is_too_short_is_the_callers_fault() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SessionHello(1, false).Write(new byte[SessionHello.Length - 1]));

    private static SessionCandidates Some(int count)
    {
        var candidates = new SessionCandidates();
        for (int index = 0; index < count; index++)
            candidates[index] = new SessionEndpoint((ulong)index << 60, ulong.MaxValue - (ulong)index, (ushort)(1024 + index));
        return candidates;
    }

    private static byte[] Filled(int length)
    {
        byte[] payload = new byte[length];
        payload.AsSpan().Fill(0xA5);
        return payload;
    }
}
