using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>Handshakes under load: mac2, cookie replies, shares of sources (paper sections 5.3 and 5.4.7).</summary>
[Trait("Threat", "7")]
public class CookieTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void Under_load_an_initiation_without_cookie_gets_one_and_the_next_passes()
    {
        using var pair = new Pair(TimerSchedule.Paper with { RetryJitter = 0 }, configure: options => options with { LoadPolicy = LoadPolicy.Always });
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        byte[] initiation = pair.A.TakeOnly();
        Assert.Equal(DropReason.CookieRequired, pair.B.Receive([.. initiation], pair.A, pair.Now).DropReason);
        Assert.False(initiation.AsSpan(InitiationMessage.Mac2Offset).ContainsAnyExcept((byte)0));
        byte[] reply = pair.B.TakeOnly();
        Assert.Equal(CookieReplyMessage.Length, reply.Length);
        Assert.Equal(ReceiveKind.Handshake, pair.ReceiveAtA(reply).Kind);
        Assert.Empty(pair.A.Sent);

        pair.Now += 5 * Second;
        pair.A.Device.Tick(pair.Now);
        byte[] second = pair.A.TakeOnly();
        Assert.True(second.AsSpan(InitiationMessage.Mac2Offset).ContainsAnyExcept((byte)0));
        Assert.Equal(ReceiveKind.Handshake, pair.B.Receive(second, pair.A, pair.Now).Kind);
        // A is under load too and B has no cookie of A yet: the response is asked for one, and B remembers it.
        byte[] response = pair.B.TakeOnly();
        Assert.Equal(DropReason.CookieRequired, pair.ReceiveAtA(response).DropReason);
        Assert.Equal(ReceiveKind.Handshake, pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now).Kind);
        pair.Now += 5 * Second;
        pair.A.Device.Tick(pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        Assert.True(pair.ReceiveAtA(pair.B.TakeOnly()).NewSession);
    }

    [Fact]
    public void Our_own_schedule_retries_at_once_and_only_once_after_a_cookie()
    {
        using var a = new Node(1, TimerSchedule.Keyhole);
        using var b = new Node(2, TimerSchedule.Keyhole, options => options with { LoadPolicy = LoadPolicy.Always });
        var peer = a.AddPeer(b);
        b.AddPeer(a);
        a.Device.InitiateHandshake(peer, b.Address, 0);
        b.Receive(a.TakeOnly(), a, 1000);
        a.Receive(b.TakeOnly(), b, 2000);
        byte[] withCookie = a.TakeOnly();
        Assert.Equal(ReceiveKind.Handshake, b.Receive([.. withCookie], a, 3000).Kind);
        Assert.True(a.Receive(b.TakeOnly(), b, 4000).NewSession);

        // A reply to an initiation that carried a cookie is taken, but causes nothing by itself: no loop with a liar.
        a.Device.InitiateHandshake(peer, b.Address, Second);
        a.Sent.Clear();
        using var liar = new CookieChecker(b.Device.PublicKey, b.Random);
        a.Device.InitiateHandshake(peer, b.Address, 2 * Second);
        byte[] initiation = a.TakeOnly();
        byte[] reply = new byte[CookieReplyMessage.Length];
        liar.WriteReply(initiation, a.Address, reply, 0);
        Assert.Equal(ReceiveKind.Handshake, a.Receive(reply, b, 2 * Second).Kind);
        Assert.Empty(a.Sent);
    }

    [Fact]
    public void A_cookie_reply_must_answer_what_was_sent_last_and_once()
    {
        using var pair = new Pair(configure: options => options with { LoadPolicy = LoadPolicy.Always });
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        byte[] reply = pair.B.TakeOnly();
        byte[] damaged = [.. reply];
        damaged[40] ^= 1;
        Assert.Equal(DropReason.UnexpectedCookie, pair.ReceiveAtA(damaged).DropReason);
        Assert.Equal(ReceiveKind.Handshake, pair.ReceiveAtA([.. reply]).Kind);
        Assert.Equal(DropReason.UnexpectedCookie, pair.ReceiveAtA([.. reply]).DropReason);
        BitConverter.TryWriteBytes(reply.AsSpan(4), 0x77777777);
        Assert.Equal(DropReason.UnknownIndex, pair.ReceiveAtA(reply).DropReason);
    }

    [Fact]
    public void A_cookie_is_bound_to_address_and_port_and_dies_with_its_secret()
    {
        var random = new SeededRandom(5);
        using var pair = new Pair();
        using var checker = new CookieChecker(pair.B.Device.PublicKey, random);
        var key = new Mac1Key(pair.B.Device.PublicKey);
        foreach (var source in new[] { pair.A.Address, new IpEndpoint(IpAddress.Parse("2001:db8::1"), 1234) })
        {
            byte[] message = new byte[InitiationMessage.Length];
            message[0] = 1;
            var maker = default(CookieMaker);
            Assert.False(maker.WriteMacs(key, message, 0));
            Assert.True(checker.CheckMac1(message));
            byte[] reply = new byte[CookieReplyMessage.Length];
            checker.WriteReply(message, source, reply, Second);
            Assert.True(maker.TryAccept(pair.B.Device.PublicKey, reply, Second));
            Assert.True(maker.WriteMacs(key, message, Second));
            Assert.True(checker.CheckMac2(message, source, 2 * Second));
            Assert.False(checker.CheckMac2(message, source with { Port = 1 }, 2 * Second));
            Assert.False(checker.CheckMac2(message, source with { Address = IpAddress.Parse("192.0.2.99") }, 2 * Second));
            message[InitiationMessage.Mac2Offset] ^= 1;
            Assert.False(checker.CheckMac2(message, source, 2 * Second));
            message[InitiationMessage.Mac2Offset] ^= 1;
            Assert.True(checker.CheckMac2(message, source, 121 * Second - 1));
            Assert.False(checker.CheckMac2(message, source, 121 * Second));
            // The maker stops using it five seconds earlier.
            Assert.True(maker.WriteMacs(key, [.. message], 116 * Second - 1));
            Assert.False(maker.WriteMacs(key, [.. message], 116 * Second));
        }
    }

    [Fact]
    public void A_relay_can_issue_cookies_for_a_connector_whose_private_key_it_has_not()
    {
        using var client = new Node(1, TimerSchedule.Keyhole);
        using var connector = new Node(2);
        using var atRelay = new CookieChecker(connector.Device.PublicKey, new SeededRandom(9));
        var peer = client.AddPeer(connector);
        connector.AddPeer(client);
        client.Device.InitiateHandshake(peer, connector.Address, 0);
        byte[] initiation = client.TakeOnly();
        Assert.True(atRelay.CheckMac1(initiation));
        Assert.False(atRelay.CheckMac2(initiation, client.Address, 0));
        byte[] reply = new byte[CookieReplyMessage.Length];
        atRelay.WriteReply(initiation, client.Address, reply, 0);
        client.Device.Receive(reply, connector.Address, 0);
        byte[] retried = client.TakeOnly();
        Assert.True(atRelay.CheckMac2(retried, client.Address, 0));
        Assert.Equal(ReceiveKind.Handshake, connector.Receive(retried, client, 0).Kind);
    }

    [Fact]
    public void An_exempt_source_needs_no_cookie()
    {
        using var relay = new Node(3);
        using var a = new Node(1);
        using var b = new Node(2, configure: options => options with { LoadPolicy = LoadPolicy.Always with { IsExempt = source => source == relay.Address } });
        b.AddPeer(a);
        var peer = a.AddPeer(b);
        a.Device.InitiateHandshake(peer, b.Address, 0);
        byte[] initiation = a.TakeOnly();
        Assert.Equal(DropReason.CookieRequired, b.Receive([.. initiation], a, 0).DropReason);
        Assert.Equal(ReceiveKind.Handshake, b.Receive([.. initiation], relay, 0).Kind);
    }

    [Fact]
    [Trait("Threat", "2")]
    public void Nothing_unauthenticated_is_answered_with_more_bytes_than_it_brought()
    {
        using var pair = new Pair(configure: options => options with { LoadPolicy = LoadPolicy.Always });
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        byte[] initiation = pair.A.TakeOnly();
        pair.B.Receive([.. initiation], pair.A, pair.Now);
        Assert.True(pair.B.TakeOnly().Length <= initiation.Length);
        byte[] response = new byte[ResponseMessage.Length];
        response[0] = 2;
        new Mac1Key(pair.B.Device.PublicKey).Write(response);
        pair.B.Receive(response, pair.A, pair.Now);
        Assert.True(pair.B.TakeOnly().Length <= response.Length);
    }

    [Fact]
    public void A_flood_brings_load_and_a_pause_ends_it()
    {
        var policy = new LoadPolicy { HandshakesPerSecond = 100, Burst = 50 };
        var gauge = new LoadGauge(policy);
        long now = 0;
        for (int i = 0; i < 300; i++)
            Assert.False(gauge.Count(now += 10_000));
        int calm = 0;
        while (!gauge.Count(now))
            calm++;
        Assert.Equal(50, calm + 1);
        Assert.True(gauge.Count(now + 999_999));
        Assert.False(gauge.Count(now + 3 * Second));
    }

    [Fact]
    public void The_owner_can_declare_load()
    {
        using var pair = new Pair();
        pair.B.Device.IsUnderLoad = true;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        Assert.Equal(DropReason.CookieRequired, pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now).DropReason);
    }

    [Fact]
    public void A_legitimate_handshake_completes_within_5_seconds_of_a_flood_at_ten_times_the_load()
    {
        using var pair = new Pair(TimerSchedule.Keyhole, configure: options => options with { LoadPolicy = new LoadPolicy { HandshakesPerSecond = 100, Burst = 50 } });
        var random = new Random(1);
        byte[] forged = new byte[InitiationMessage.Length];
        long start = pair.Now;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        for (; pair.Now < start + 5 * Second && !pair.PeerOfB.HasSession(pair.Now); pair.Now += 1000)
        {
            random.NextBytes(forged);
            forged.AsSpan(0, 4).Clear();
            forged[0] = 1;
            new Mac1Key(pair.B.Device.PublicKey).Write(forged);
            pair.B.Device.Receive(forged, new IpEndpoint(new IpAddress((uint)random.Next()), 1), pair.Now);
            while (pair.B.Sent.TryDequeue(out var datagram))
                if (datagram.Destination == pair.A.Address)
                    pair.ReceiveAtA(datagram.Bytes);
            // The first second's legitimate datagrams drown with the rest.
            while (pair.A.Sent.TryDequeue(out var datagram))
                if (pair.Now > start + Second)
                    pair.ReceiveAtB(datagram.Bytes);
            pair.A.Device.Tick(pair.Now);
        }

        Assert.True(pair.PeerOfB.HasSession(pair.Now));
        Assert.True(pair.B.Device.DropCount(DropReason.CookieRequired) > 100);
    }

    [Fact]
    [Trait("Threat", "6")]
    public void A_source_has_5_at_once_and_20_per_second_by_address_or_slash_64()
    {
        var shares = new SourceShares(LoadPolicy.Standard, new SeededRandom(1));
        AssertShare(new IpAddress(0x0A000001), 0);
        AssertShare(new IpAddress(0x0A000002), 0);
        AssertShare(IpAddress.Parse("2001:db8::1"), 0);
        Assert.False(shares.TryTake(IpAddress.Parse("2001:db8::ffff:2"), 0));
        Assert.True(shares.TryTake(IpAddress.Parse("2001:db8:0:1::1"), 0));
        int taken = 0;
        for (long now = Second; now < 2 * Second; now += 1000)
            taken += shares.TryTake(new IpAddress(0x0A000001), now) ? 1 : 0;
        Assert.InRange(taken, 20, 25);

        void AssertShare(IpAddress source, long now)
        {
            for (int i = 0; i < 5; i++)
                Assert.True(shares.TryTake(source, now));
            Assert.False(shares.TryTake(source, now));
            Assert.True(shares.TryTake(source, now + 50_000));
            Assert.False(shares.TryTake(source, now + 50_000));
        }
    }

    [Fact]
    [Trait("Threat", "6")]
    public void More_sources_than_fit_share_what_is_left()
    {
        var shares = new SourceShares(LoadPolicy.Standard with { MaximumSources = 1024 }, new SeededRandom(1));
        int taken = 0;
        for (uint source = 0; source < 100_000; source++)
            taken += shares.TryTake(new IpAddress(source), 0) ? 1 : 0;
        Assert.InRange(taken, 1024, 1024 * 5);
    }

    [Fact]
    [Trait("Threat", "7")]
    public void Under_load_a_source_with_a_cookie_is_held_to_its_share()
    {
        using var b = new Node(2, configure: options => options with { LoadPolicy = LoadPolicy.Always });
        using var a = new Node(1);
        var peer = a.AddPeer(b);
        b.AddPeer(a);
        a.Device.InitiateHandshake(peer, b.Address, 0);
        b.Receive(a.TakeOnly(), a, 0);
        a.Receive(b.TakeOnly(), b, 0);
        var reasons = new List<DropReason>();
        for (int i = 1; i <= 7; i++)
        {
            a.Device.InitiateHandshake(peer, b.Address, i * 20_000);
            reasons.Add(b.Receive(a.TakeOnly(), a, 100_000).DropReason);
        }

        Assert.Equal(DropReason.None, reasons[0]);
        Assert.Equal(4, reasons.Count(reason => reason == DropReason.InitiationTooSoon));
        Assert.Equal(2, reasons.Count(reason => reason == DropReason.RateLimited));
    }
}
