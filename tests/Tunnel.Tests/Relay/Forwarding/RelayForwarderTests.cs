using System.Buffers.Binary;
using Keyhole.Packets;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

public sealed class RelayForwarderTests
{
    private const int Light = 1;
    private const int Heavy = 2;
    private const int Connector = 3;

    private static readonly IpEndpoint s_light = End("198.51.100.1:5000");
    private static readonly IpEndpoint s_heavy = End("198.51.100.2:5000");
    private static readonly IpEndpoint s_connector = End("203.0.113.1:6000");

    private readonly ForwardingTable _table = new(16, 1024);
    private readonly RelayForwarder _forwarder;

    public RelayForwarderTests()
    {
        _forwarder = new RelayForwarder(_table);
        _table.SetAddress(Light, s_light);
        _table.SetAddress(Heavy, s_heavy);
        _table.SetAddress(Connector, s_connector);
        _table.AddPair(Light, Connector, 10, 20, Second);
        _table.AddPair(Heavy, Connector, 11, 21, Second);
    }

    [Fact]
    public void A_run_of_transport_data_goes_to_the_receivers_address_and_is_counted_once_per_datagram()
    {
        Assert.Equal((ForwardVerdict.Forward, s_connector), Judge(s_light, Data(20, 1452), count: 10, last: 64));
        Assert.Equal((ForwardVerdict.Forward, s_light), Judge(s_connector, Data(10, 32)));
        Assert.Equal((11, 9 * 1452 + 64 + 32), (_forwarder.ForwardedCount, _forwarder.ForwardedBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(31)]
    public void What_has_no_length_of_transport_data_is_not_forwarded(int length) =>
        Assert.Equal((ForwardVerdict.NotMine, default), Judge(s_light, Data(20, length)));

    [Theory]
    [InlineData(32)]
    [InlineData(1420 + 32)]
    [InlineData(1412 + 32)]
    public void Packets_as_long_as_an_mtu_are_forwarded_though_they_are_not_padded_to_16_bytes(int length) =>
        Assert.Equal((ForwardVerdict.Forward, s_connector), Judge(s_light, Data(20, length)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(0x0104)]
    [InlineData(0x0100_0004)]
    public void Only_type_4_with_zeros_behind_it_is_forwarded(int head)
    {
        byte[] datagram = Data(20, 96);
        BinaryPrimitives.WriteInt32LittleEndian(datagram, head);
        Assert.Equal(ForwardVerdict.NotMine, Judge(s_light, datagram).Verdict);
    }

    [Fact]
    [Trait("Threat", "10")]
    public void Unknown_sources_unknown_indices_and_indices_of_others_are_left_to_the_state()
    {
        Assert.Equal(ForwardVerdict.NotMine, Judge(End("198.51.100.99:1"), Data(20, 96)).Verdict);
        Assert.Equal(ForwardVerdict.NotMine, Judge(s_light, Data(99, 96)).Verdict);
        Assert.Equal(ForwardVerdict.NotMine, Judge(s_light, Data(21, 96)).Verdict);
        Assert.Equal(ForwardVerdict.NotMine, Judge(s_light, Data(10, 96)).Verdict);
    }

    [Theory]
    [InlineData(31)]
    [InlineData(16)]
    [InlineData(1)]
    public void A_last_datagram_that_cannot_be_transport_data_is_dropped_and_those_before_it_are_forwarded(int last)
    {
        var verdict = _forwarder.TryForward(s_light, Data(20, 96), 3, 2 * 96 + last, Second, false, out int forwarded, out var destination);
        Assert.Equal((ForwardVerdict.Forward, 2, s_connector), (verdict, forwarded, destination));
        Assert.Equal((2, 2 * 96, 1), (_forwarder.ForwardedCount, _forwarder.ForwardedBytes, _forwarder.DropCount(ForwardDropReason.Malformed)));
    }

    [Fact]
    public void Runs_that_are_looked_up_together_each_go_their_own_way()
    {
        byte[] handshake = new byte[148];
        handshake[0] = 1;
        (IpEndpoint Source, byte[] First, ForwardVerdict Verdict, IpEndpoint Destination)[] runs =
        [
            (s_light, Data(20, 96), ForwardVerdict.Forward, s_connector),
            (s_heavy, Data(20, 96), ForwardVerdict.NotMine, default),
            (s_light, handshake, ForwardVerdict.NotMine, default),
            (s_connector, Data(11, 32), ForwardVerdict.Forward, s_heavy),
            (s_connector, Data(10, 31), ForwardVerdict.NotMine, default),
            (End("198.51.100.99:1"), Data(20, 96), ForwardVerdict.NotMine, default),
        ];
        LookUp([.. runs.Select(run => (run.Source, run.First))]);
        for (int i = 0; i < runs.Length; i++)
            Assert.Equal((runs[i].Verdict, runs[i].Destination), Judge(i, runs[i].First.Length));
        Assert.Equal((2, 128), (_forwarder.ForwardedCount, _forwarder.ForwardedBytes));
    }

    [Fact]
    public void What_a_datagram_changed_holds_for_those_behind_it_that_were_looked_up_before()
    {
        LookUp([(s_light, Data(20, 96)), (s_heavy, Data(21, 96)), (s_heavy, Data(22, 96)), (s_connector, Data(10, 96))]);
        Assert.Equal((ForwardVerdict.Forward, s_connector), Judge(0, 96));
        Assert.True(_table.TryRemoveAny(Heavy));
        Assert.Equal(ForwardVerdict.NotMine, Judge(1, 96).Verdict);
        _table.AddPair(Heavy, Connector, 12, 22, Second);
        Assert.Equal((ForwardVerdict.Forward, s_connector), Judge(2, 96));
        _table.SetAddress(Light, End("198.51.100.3:5000"));
        Assert.Equal((ForwardVerdict.Forward, End("198.51.100.3:5000")), Judge(3, 96));
    }

    [Fact]
    public void No_more_runs_are_taken_than_are_looked_up_together()
    {
        LookUp([.. Enumerable.Repeat((s_light, Data(20, 96)), RelayForwarder.MaximumRuns)]);
        Assert.Equal(ForwardVerdict.Forward, Judge(RelayForwarder.MaximumRuns - 1, 96).Verdict);
        Assert.Throws<IndexOutOfRangeException>(() => _forwarder.Add(s_light, Data(20, 96)));
    }

    [Fact]
    public void Without_a_confirmed_address_of_the_receiver_nothing_leaves()
    {
        _table.SetAddress(Connector, null);
        Assert.Equal((ForwardVerdict.Dropped, default), Judge(s_light, Data(20, 96), count: 2, last: 96));
        Assert.Equal(2, _forwarder.DropCount(ForwardDropReason.NoAddress));
    }

    [Fact]
    [Trait("Threat", "8")]
    public void Under_overload_the_agent_that_sends_too_much_loses_and_the_others_lose_nothing()
    {
        var (light, heavy) = Saturate(isOverloaded: true);
        Assert.Equal(0, light);
        Assert.InRange(heavy, 1000, 10_000);
        Assert.Equal(heavy, _forwarder.DropCount(ForwardDropReason.Share));
    }

    [Fact]
    public void Without_overload_nobody_is_limited() => Assert.Equal((0, 0), Saturate(isOverloaded: false));

    [Fact]
    public void When_the_overload_is_over_the_limit_goes_away()
    {
        Saturate(isOverloaded: true);
        for (long now = 20 * Second; now < 21 * Second; now += 100)
            _forwarder.TryForward(s_heavy, Data(21, 1440), 1, 1440, now, false, out _, out _);
        long dropped = _forwarder.DropCount(ForwardDropReason.Share);
        for (int i = 0; i < 1000; i++)
            Assert.Equal(ForwardVerdict.Forward, _forwarder.TryForward(s_heavy, Data(21, 1440), 64, 64 * 1440, 21 * Second + i, false, out _, out _));
        Assert.Equal(dropped, _forwarder.DropCount(ForwardDropReason.Share));
    }

    [Fact]
    public void A_million_forwarded_datagrams_allocate_nothing()
    {
        byte[] datagram = Data(20, 1440);
        Repeat(1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(1_000_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Repeat(int count)
        {
            for (int i = 0; i < count; i++)
                _forwarder.TryForward(s_light, datagram, 1, datagram.Length, Second + i, (i & 1024) != 0, out _, out _);
        }
    }

    /// <summary>A second in which one agent sends a hundred times what the other sends; gives what each lost.</summary>
    private (int Light, int Heavy) Saturate(bool isOverloaded)
    {
        byte[] light = Data(20, 96), heavy = Data(21, 1440);
        var lost = (Light: 0, Heavy: 0);
        for (int i = 0; i < 10_000; i++)
        {
            long now = 2 * Second + i * 100;
            if (_forwarder.TryForward(s_heavy, heavy, 1, 1440, now, isOverloaded, out _, out _) != ForwardVerdict.Forward)
                lost.Heavy++;
            if (i % 10 == 0 && _forwarder.TryForward(s_light, light, 1, 96, now, isOverloaded, out _, out _) != ForwardVerdict.Forward)
                lost.Light++;
        }

        return lost;
    }

    private (ForwardVerdict Verdict, IpEndpoint Destination) Judge(IpEndpoint source, byte[] first, int count = 1, int last = 0) =>
        (_forwarder.TryForward(source, first, count, count == 1 ? first.Length : (count - 1) * first.Length + last, Second, false, out _, out var destination), destination);

    private void LookUp(IReadOnlyList<(IpEndpoint Source, byte[] First)> runs)
    {
        _forwarder.Begin();
        foreach (var (source, first) in runs)
            _forwarder.Add(source, first);
        _forwarder.LookUp(Second);
    }

    private (ForwardVerdict Verdict, IpEndpoint Destination) Judge(int run, int length) =>
        (_forwarder.TryForward(run, length, 1, length, Second, false, out _, out var destination), destination);

    private static byte[] Data(uint receiverIndex, int length)
    {
        byte[] datagram = new byte[Math.Max(length, 8)];
        datagram[0] = 4;
        BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(4), receiverIndex);
        return datagram[..length];
    }
}
