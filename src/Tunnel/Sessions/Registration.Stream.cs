using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>The way by TLS, where UDP is not answered, and the way back (docs/protocol.md, rule 26).</remarks>
internal sealed partial class Registration
{
    private const ushort StreamPort = 443;
    private const long Unmeasured = 1_000_000;

    private readonly StreamSchedule _stream = new();
    private long _unansweredSince = long.MaxValue;

    /// <summary>What stands for the TLS connection among endpoints; null when the relay takes nobody by TLS.</summary>
    public IpEndpoint? StreamEndpoint { get; private set; }

    public RelayTransport Transport => _stream.IsInUse ? RelayTransport.Tls : RelayTransport.Udp;

    /// <summary>How long UDP had not been answered when TLS took over; 0 on UDP.</summary>
    public long UnansweredTime { get; private set; }

    /// <summary>The endpoint in use, or on TLS the one that would be.</summary>
    private IpEndpoint? UdpEndpoint => Peer.Endpoint is { } endpoint && endpoint == StreamEndpoint ? NextUdpEndpoint : Peer.Endpoint;

    private IpEndpoint? NextUdpEndpoint => _endpoints.Count == 0 ? null : _endpoints[_endpoint % _endpoints.Count];

    /// <summary>Where the last authentic datagram came from: an answer goes back there.</summary>
    public IpEndpoint HeardFrom { get; private set; }

    /// <summary>Microseconds there and back, smoothed; a second until it is known.</summary>
    public long Distance { get; private set; } = Unmeasured;

    /// <summary>Whether packets may go this way: it answers, or has missed one ping.</summary>
    public bool IsUsable => State == RegistrationState.Live || (State == RegistrationState.Silent && _pings.Misses < 2);

    /// <summary>Follows the row: whether there is a way by TLS.</summary>
    public void SetTls(RelayTls? tls, long now)
    {
        if (tls is not null == StreamEndpoint.HasValue)
            return;
        if (tls is not null)
        {
            StreamEndpoint = new IpEndpoint(IpAddress.DiscardOnly((ulong)Row.Id), StreamPort);
            if (State is RegistrationState.Registering or RegistrationState.NoEndpoint)
                BeginUnanswered(now);
            return;
        }

        bool wasInUse = _stream.IsInUse;
        EndStream();
        StreamEndpoint = null;
        if (wasInUse)
            Register(now);
    }

    /// <summary>The relay goes: its connection too.</summary>
    public void EndStream()
    {
        if (_stream.Current != StreamSchedule.State.Closed)
            _output.CloseStream(this);
        _stream.Close();
    }

    /// <summary>The TLS connection stands.</summary>
    public void StreamOpened(long now)
    {
        if (!_stream.Connected(now))
            _output.CloseStream(this);
        else if (State is RegistrationState.Registering or RegistrationState.NoEndpoint)
            Register(now);
    }

    /// <summary>The TLS connection has ended, or could not be had.</summary>
    public void StreamClosed(long now)
    {
        if (_stream.Current == StreamSchedule.State.Closed)
            return;
        bool wasInUse = _stream.IsInUse;
        bool wasKept = _stream.Current == StreamSchedule.State.Kept && State != RegistrationState.Registering;
        if (wasKept)
            _stream.Close();
        else
            _stream.Fail(now);
        if (wasInUse || (State == RegistrationState.Registering && _nextEndpointAt == long.MaxValue))
            Register(now);
    }

    /// <summary>The relay asks for an answer from here: what was sent there has arrived, and so has this. When it is UDP, it is used again.</summary>
    public void Challenged(long now)
    {
        if (!_stream.IsInUse || HeardFrom == StreamEndpoint)
            return;
        Use(HeardFrom, now);
        _pings.Start(_random.NextUInt64(), now);
    }

    private void Use(in IpEndpoint source, long now)
    {
        // Nothing comes from a connection that does not stand: somebody wrote its address into a UDP datagram.
        if (source == StreamEndpoint && !_stream.IsConnected)
            return;
        Peer.Endpoint = source;
        if (source == StreamEndpoint)
        {
            UnansweredTime = _unansweredSince == long.MaxValue ? 0 : now - _unansweredSince;
            _stream.SessionByStream(now);
            return;
        }

        UnansweredTime = 0;
        _unansweredSince = long.MaxValue;
        if (_stream.SessionByUdp(now))
            _output.CloseStream(this);
    }

    private void TickStream(long now)
    {
        switch (_stream.Next(now))
        {
            case StreamSchedule.Step.Open:
                _output.OpenStream(this);
                break;
            case StreamSchedule.Step.Probe:
                foreach (var endpoint in _endpoints)
                    _output.SendProbe(this, endpoint, _random.NextUInt64(), PaddedPingLength, now);
                break;
            case StreamSchedule.Step.Close or StreamSchedule.Step.GiveUp:
                _output.CloseStream(this);
                if (State == RegistrationState.Registering)
                    Register(now);
                break;
        }
    }

    /// <summary>A connection in which nothing is answered any more is worth nothing.</summary>
    private void LeaveStream(long now)
    {
        if (!_stream.IsInUse)
            return;
        _output.CloseStream(this);
        _stream.Fail(now);
    }

    private void RegisterByStream(long now)
    {
        if (StreamEndpoint is not { } endpoint)
            return;
        Peer.Endpoint ??= endpoint;
        _nextEndpointAt = long.MaxValue;
        _device.InitiateHandshake(Peer, endpoint, now);
    }

    private void BeginUnanswered(long now)
    {
        if (_unansweredSince == long.MaxValue)
            _unansweredSince = now;
        if (StreamEndpoint.HasValue)
            _stream.RegistrationBegan(_schedule.RetryTimeout(0), now);
    }
}
