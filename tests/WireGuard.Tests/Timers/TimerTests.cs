namespace Keyhole.WireGuard.Tests;

/// <summary>What happens when, by the paper's section 6, without jitter. Times are seconds since the handshake of <see cref="Pair.Established"/>.</summary>
public class TimerTests
{
    private const long Second = 1_000_000;

    private static readonly TimerSchedule Exact = TimerSchedule.Paper with { RetryJitter = 0 };

    [Fact]
    public void An_initiation_is_repeated_every_5_seconds_for_90_and_then_given_up()
    {
        using var pair = new Pair(Exact);
        Stage(pair, [1]);
        Stage(pair, [2]);
        var sentAt = new List<long> { 0 };
        var events = new List<(DeviceEventKind, long)>();
        long start = pair.Now;
        pair.A.Sent.Clear();
        while (pair.A.Device.NextDeadline < start + 300 * Second)
        {
            pair.Now = pair.A.Device.NextDeadline;
            pair.A.Device.Tick(pair.Now);
            while (pair.A.Sent.TryDequeue(out var datagram))
                sentAt.Add((pair.Now - start) / Second);
            while (pair.A.Device.TryDequeueEvent(out var deviceEvent))
                events.Add((deviceEvent.Kind, (deviceEvent.At - start) / Second));
        }

        Assert.Equal(Enumerable.Range(0, 18).Select(i => i * 5L), sentAt);
        Assert.Equal([(DeviceEventKind.HandshakeGaveUp, 90L)], events);
        Assert.Equal(2, pair.A.Device.DropCount(DropReason.HandshakeGaveUp));
        Assert.Equal((0, 0), (pair.PeerOfA.StagedCount, pair.A.Device.IndexCount));
        Stage(pair, [3]);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.A.TakeOnly()));
    }

    [Fact]
    public void Our_own_schedule_retries_after_half_a_second_one_two_and_five()
    {
        using var pair = new Pair(TimerSchedule.Keyhole with { RetryJitter = 0 });
        long start = pair.Now;
        Stage(pair, [1]);
        var sentAt = new List<long>();
        while (pair.A.Device.NextDeadline < start + 20 * Second)
        {
            pair.Now = pair.A.Device.NextDeadline;
            pair.A.Device.Tick(pair.Now);
            sentAt.Add((pair.Now - start) / 1000);
        }

        Assert.Equal([500, 1500, 3500, 8500, 13500, 18500], sentAt);
    }

    [Fact]
    public void Retries_are_never_faster_than_twice_the_round_trip()
    {
        using var pair = new Pair(TimerSchedule.Keyhole with { RetryJitter = 0 });
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        pair.B.Receive(pair.A.TakeOnly(), pair.A, pair.Now);
        pair.Now += 400_000;
        pair.ReceiveAtA(pair.B.TakeOnly());
        pair.Now += Second;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        Assert.Equal(pair.Now + 800_000, pair.PeerOfA.Timers.RetransmitHandshakeAt);
    }

    [Fact]
    public void Jitter_spreads_retries_within_a_third_of_a_second()
    {
        var waits = new HashSet<long>();
        using var pair = new Pair();
        for (int i = 0; i < 50; i++)
        {
            pair.Now += 100 * Second;
            pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
            long wait = pair.PeerOfA.Timers.RetransmitHandshakeAt - pair.Now;
            Assert.InRange(wait, 5 * Second, 5 * Second + 333_999);
            waits.Add(wait);
        }

        Assert.True(waits.Count > 40);
    }

    [Fact]
    public void Received_data_is_answered_by_a_keepalive_after_10_seconds_of_silence()
    {
        using var pair = Pair.Established(Exact);
        pair.ReceiveAtB(pair.SealAtA([1]));
        long start = pair.Now;
        pair.Now = start + 10 * Second - 1;
        pair.B.Device.Tick(pair.Now);
        Assert.Empty(pair.B.Sent);
        Assert.Equal((start + 10 * Second, DeadlineReason.SendKeepalive), (pair.B.Device.NextDeadline, pair.B.Device.NextDeadlineReason));
        pair.Now = start + 10 * Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Equal(ReceiveKind.Keepalive, pair.ReceiveAtA(pair.B.TakeOnly()).Kind);
        pair.Now += 60 * Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Empty(pair.B.Sent);
    }

    [Fact]
    public void Data_received_while_a_keepalive_is_due_brings_another_one()
    {
        using var pair = Pair.Established(Exact);
        pair.ReceiveAtB(pair.SealAtA([1]));
        pair.Now += 5 * Second;
        pair.ReceiveAtB(pair.SealAtA([2]));
        pair.Now += 5 * Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Single(pair.B.Sent);
        pair.Now += 10 * Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Equal(2, pair.B.Sent.Count);
        pair.Now += 60 * Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Equal(2, pair.B.Sent.Count);
    }

    [Fact]
    public void Data_sent_back_makes_the_keepalive_needless_and_keepalives_are_not_answered()
    {
        using var pair = Pair.Established(Exact);
        pair.ReceiveAtB(pair.SealAtA([1]));
        byte[] answer = pair.SealAtB([2]);
        pair.ReceiveAtA(answer);
        pair.Now += 9 * Second;
        pair.ReceiveAtB(pair.SealAtA([3]));
        pair.Now += Second;
        pair.B.Device.Tick(pair.Now);
        Assert.Empty(pair.B.Sent);
        pair.Now += 9 * Second;
        pair.B.Device.Tick(pair.Now);
        pair.ReceiveAtA(pair.B.TakeOnly());
        pair.A.Device.Tick(pair.Now + 14 * Second);
        Assert.Empty(pair.A.Sent);
    }

    [Fact]
    public void Data_that_nothing_answers_for_15_seconds_begins_a_new_handshake()
    {
        using var pair = Pair.Established(Exact);
        pair.SealAtA([1]);
        pair.Now += 10 * Second;
        pair.SealAtA([2]);
        pair.Now += 5 * Second - 1;
        pair.A.Device.Tick(pair.Now);
        Assert.Empty(pair.A.Sent);
        pair.Now += 1;
        pair.A.Device.Tick(pair.Now);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.A.TakeOnly()));
    }

    [Fact]
    public void Anything_authentic_from_the_peer_counts_as_an_answer()
    {
        using var pair = Pair.Established(Exact);
        pair.SealAtA([1]);
        pair.Now += 14 * Second;
        pair.ReceiveAtA(pair.SealAtB([1]));
        pair.Now += Second;
        pair.A.Device.Tick(pair.Now);
        Assert.Empty(pair.A.Sent);
    }

    [Fact]
    public void The_initiator_renews_the_session_when_it_sends_after_120_seconds_and_the_responder_does_not()
    {
        using var pair = Pair.Established(Exact);
        pair.Now += 120 * Second - 1;
        Assert.NotNull(pair.SealAtA([1]));
        Assert.NotNull(pair.SealAtB([1]));
        Assert.Empty(pair.A.Sent);
        pair.Now += 1;
        Assert.NotNull(pair.SealAtB([1]));
        Assert.NotNull(pair.SealAtA([1]));
        Assert.Empty(pair.B.Sent);
        Assert.NotNull(pair.SealAtA([1]));
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.A.TakeOnly()));
    }

    [Fact]
    public void The_responder_renews_too_when_the_schedule_says_so()
    {
        using var pair = Pair.Established(Exact with { ResponderRekeys = true });
        pair.Now += 120 * Second;
        pair.SealAtB([1]);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.B.TakeOnly()));
    }

    [Fact]
    public void The_initiator_renews_the_session_once_when_it_only_receives_after_165_seconds()
    {
        using var pair = Pair.Established(Exact);
        pair.Now += 165 * Second - 1;
        pair.ReceiveAtA(pair.SealAtB([1]));
        Assert.Empty(pair.A.Sent);
        pair.Now += 1;
        pair.ReceiveAtA(pair.SealAtB([1]));
        pair.ReceiveAtA(pair.SealAtB([1]));
        pair.ReceiveAtB(pair.SealAtA([1]));
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(pair.A.TakeOnly()));
        Assert.Empty(pair.B.Sent);
    }

    [Fact]
    [Trait("Threat", "16")]
    public void All_key_material_is_zeroed_540_seconds_after_the_last_session()
    {
        using var pair = Pair.Established(Exact);
        long start = pair.Now;
        var keypair = pair.PeerOfA.Current!;
        var events = new List<(DeviceEventKind, long)>();
        while (pair.A.Device.NextDeadline < long.MaxValue)
        {
            pair.Now = pair.A.Device.NextDeadline;
            pair.A.Device.Tick(pair.Now);
            while (pair.A.Device.TryDequeueEvent(out var deviceEvent))
                events.Add((deviceEvent.Kind, (deviceEvent.At - start) / Second));
        }

        Assert.Equal([(DeviceEventKind.SessionEstablished, 0), (DeviceEventKind.SessionExpired, 180), (DeviceEventKind.KeysZeroed, 540)], events);
        Assert.Null(pair.PeerOfA.Current);
        Assert.Null(pair.PeerOfA.SessionSince);
        Assert.Equal(0, pair.A.Device.IndexCount);
        Assert.Throws<ObjectDisposedException>(() => keypair.SendKey.Seal(0, new byte[16], 0));
        Assert.Throws<ObjectDisposedException>(() => keypair.ReceiveKey.Open(0, new byte[16]));
    }

    [Fact]
    [Trait("Threat", "16")]
    public void The_secrets_of_a_pending_initiation_are_zeroed_when_it_is_over()
    {
        using var pair = new Pair(Exact);
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        var replaced = pair.PeerOfA.Pending!;
        Assert.True(replaced.Secrets.ContainsAnyExcept((byte)0));
        pair.Now += Second;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        AssertGone(replaced);
        var answered = pair.PeerOfA.Pending!;
        pair.B.Receive([.. pair.A.Sent.Last().Bytes], pair.A, pair.Now);
        pair.ReceiveAtA(pair.B.TakeOnly());
        AssertGone(answered);

        pair.Now += 10 * Second;
        pair.A.Device.InitiateHandshake(pair.PeerOfA, pair.B.Address, pair.Now);
        var removed = pair.PeerOfA.Pending!;
        byte[] staticShared = pair.PeerOfA.StaticShared!;
        var current = pair.PeerOfA.Current!;
        Assert.True(staticShared.AsSpan().ContainsAnyExcept((byte)0));
        pair.A.Device.RemovePeer(pair.PeerOfA);
        AssertGone(removed);
        Assert.False(staticShared.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => current.SendKey.Seal(0, new byte[16], 0));
        Assert.Equal(0, pair.A.Device.IndexCount);

        static void AssertGone(PendingInitiation pending)
        {
            Assert.False(pending.Secrets.ContainsAnyExcept((byte)0));
            Assert.Throws<ObjectDisposedException>(() => pending.Ephemeral.TryAgree(pending.Ephemeral.PublicKey, new byte[32]));
        }
    }

    [Fact]
    public void A_persistent_keepalive_starts_the_handshake_and_fills_every_silence()
    {
        using var a = new Node(1, Exact);
        using var b = new Node(2, Exact);
        var peerOfA = a.AddPeer(b, configure: options => options with { PersistentKeepalive = 25 * Second });
        var peerOfB = b.AddPeer(a);
        long now = 77 * Second;
        Assert.True(a.Device.NextDeadline <= now);
        a.Device.Tick(now);
        b.Receive(a.TakeOnly(), a, now);
        a.Receive(b.TakeOnly(), b, now);
        b.Receive(a.TakeOnly(), a, now);
        Assert.True(peerOfB.HasSession(now));

        long established = now;
        var keepalives = new List<long>();
        for (now += Second; now < established + 110 * Second; now += Second)
        {
            // Data at 40 s moves the next keepalive to 65 s.
            if (now == established + 40 * Second)
                Assert.NotNull(Inner.Seal(a.Device, peerOfA, Inner.Packet(a.InnerAddress, b.InnerAddress, []), now, out _));
            if (a.Device.NextDeadline <= now)
                a.Device.Tick(now);
            while (a.Sent.TryDequeue(out var datagram))
                if (Message.TypeOf(datagram.Bytes) == MessageType.TransportData)
                    keepalives.Add((now - established) / Second);
            if (now == established + 41 * Second)
                a.Receive(Inner.Seal(b.Device, peerOfB, Inner.Packet(b.InnerAddress, a.InnerAddress, []), now, out _)!, b, now);
        }

        // 25; reset by what was received at 41: passive answer at 51; then 76 and 101.
        Assert.Equal([25, 51, 76, 101], keepalives);
        peerOfA.PersistentKeepalive = 0;
        a.Device.Tick(now += 100 * Second);
        Assert.Empty(a.Sent);
        peerOfA.PersistentKeepalive = 10 * Second;
        a.Device.Tick(now);
        Assert.NotEmpty(a.Sent);
    }

    [Fact]
    public void A_keepalive_without_a_session_or_an_endpoint_is_no_fault()
    {
        using var a = new Node(1, Exact);
        using var b = new Node(2, Exact);
        var peer = a.AddPeer(b, configure: options => options with { PersistentKeepalive = Second, Endpoint = null });
        for (long now = 0; now < 10 * Second; now += Second / 2)
            a.Device.Tick(now);
        Assert.Empty(a.Sent);
        peer.Endpoint = b.Address;
        a.Device.Tick(11 * Second);
        Assert.Equal(MessageType.HandshakeInitiation, Message.TypeOf(a.TakeOnly()));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 1)]
    [InlineData(86_400 * 365L * Second)]
    public void A_clock_that_jumps_ends_no_tick_in_a_loop(long now)
    {
        using var pair = Pair.Established();
        pair.PeerOfA.PersistentKeepalive = Second;
        pair.SealAtA([1]);
        pair.A.Device.Tick(now);
        pair.A.Device.Tick(now);
        pair.Now = now;
        Stage(pair, [1]);
        pair.A.Device.Tick(now);
        pair.A.Device.Receive(new byte[148], pair.B.Address, now);
    }

    private static void Stage(Pair pair, byte[] payload)
    {
        Inner.Seal(pair.A.Device, pair.PeerOfA, Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, payload), pair.Now, out var sealing);
        Assert.Equal(SealKind.Staged, sealing.Kind);
    }
}
