using Keyhole.Packets;

namespace Keyhole.Edge.Tests;

/// <summary>The session against a gateway in this process, on a clock that jumps from deadline to deadline.</summary>
public sealed class MappingSessionTests
{
    private const long Second = 1_000_000;

    private static readonly IpEndpoint Mapped = new(IpAddress.Parse("192.0.2.7"), 40_000);

    private readonly MappingSession _session = new(IpAddress.Parse("10.9.0.2"), 5000, new byte[12]);
    private readonly Gateway _gateway = new();
    private readonly byte[] _datagram = new byte[MappingSession.MaximumLength];
    private long _now = 77 * Second;

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void The_port_is_mapped_at_once_by_the_protocol_that_the_gateway_speaks_and_renewed_at_half_its_lifetime(bool pcp, bool natPmp)
    {
        (_gateway.SpeaksPcp, _gateway.SpeaksNatPmp) = (pcp, natPmp);
        Converse(Second);
        Assert.Equal(Mapped, _session.External);
        Assert.Equal(MappingState.Mapped, _session.State);
        int requests = _gateway.Requests;
        Converse(1799 * Second - 1);
        Assert.Equal(requests, _gateway.Requests);
        Converse(2 * Second);
        Assert.True(_gateway.Requests > requests);
        Assert.Equal(Mapped, _session.External);

        Assert.True(_session.Release(_datagram) > 0);
        _gateway.Answer(_datagram.AsSpan(0, pcp ? 60 : 12));
        Assert.Equal(0u, _gateway.LastLifetime);
        Assert.Null(_session.External);
        Assert.Equal(0, _session.Release(_datagram));
    }

    [Fact]
    public void A_silent_gateway_is_asked_eight_times_and_again_after_ten_minutes()
    {
        Converse(599 * Second);
        Assert.Equal(8, _gateway.Requests);
        Assert.Equal(MappingState.Resting, _session.State);
        _gateway.SpeaksPcp = true;
        Converse(30 * Second);
        Assert.Equal(Mapped, _session.External);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_refusal_is_respected(bool pcp)
    {
        (_gateway.SpeaksPcp, _gateway.SpeaksNatPmp, _gateway.Result, _gateway.Lifetime) = (pcp, !pcp, 2, 300);
        Converse(250 * Second);
        Assert.Null(_session.External);
        Assert.InRange(_gateway.Requests, 1, 2);
    }

    [Fact]
    public void A_mapping_ends_with_its_lifetime_when_the_gateway_has_gone_silent()
    {
        _gateway.SpeaksPcp = true;
        Converse(Second);
        _gateway.SpeaksPcp = false;
        Converse(3500 * Second);
        Assert.Equal(Mapped, _session.External);
        Converse(700 * Second);
        Assert.Null(_session.External);
    }

    [Fact]
    public void A_gateway_that_lost_its_mappings_gives_another_one()
    {
        _gateway.SpeaksPcp = true;
        Converse(Second);
        (_gateway.Epoch, _gateway.ExternalPort) = (3, 41_000);
        Converse(1801 * Second);
        Assert.Equal(Mapped with { Port = 41_000 }, _session.External);
    }

    [Fact]
    public void A_gateway_that_grants_seconds_is_not_asked_without_end()
    {
        (_gateway.SpeaksPcp, _gateway.Lifetime) = (true, 1);
        Converse(300 * Second);
        Assert.InRange(_gateway.Requests, 2, 11);
    }

    [Fact]
    public void What_answers_no_question_changes_nothing()
    {
        _session.Receive(Gateway.PcpAnswer(0, 3600, 1, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], 5000, "192.0.2.66", 666), _now);
        Converse(Second);
        _session.Receive([0, 129, 0, 0, 0, 0, 0, 1, 0x13, 0x88, 1, 1, 0, 0, 14, 16], _now);
        Assert.Null(_session.External);
        _gateway.SpeaksPcp = true;
        Converse(Second);
        _session.Receive(Gateway.PcpAnswer(0, 3600, 1, new byte[12], 5000, "192.0.2.66", 666), _now);
        Assert.Equal(Mapped, _session.External);
    }

    /// <summary>Lets time pass, answering what is asked.</summary>
    private void Converse(long duration)
    {
        long end = _now + duration;
        int turns = 0;
        while (true)
        {
            Assert.True(++turns < 10_000);
            int length = _session.Next(_datagram, _now);
            if (length > 0 && _gateway.Answer(_datagram.AsSpan(0, length)) is { } answer)
                _session.Receive(answer, _now);
            if (_session.Deadline <= _now)
                continue;
            if (_session.Deadline > end)
                break;
            _now = _session.Deadline;
        }

        _now = end;
        _session.Next(_datagram, _now);
    }
}
