using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>The session with one relay: kept alive, judged by pings, made anew when the relay stops answering, by TLS where UDP is not answered.</summary>
internal sealed partial class Registration
{
    /// <summary>How long one endpoint of several is tried, and in the first round, when nothing tells yet which of them has a way (RFC 8305 section 5).</summary>
    private const long EndpointPatience = 2_000_000;
    private const long FirstPatience = 400_000;
    private const long HelloInterval = 1_000_000;
    private const int PaddedPingLength = 1200;

    private readonly Device _device;
    private readonly RandomSource _random;
    private readonly IRegistrationOutput _output;
    private readonly PingSchedule _pings = new();
    private readonly long _keepalive;
    private readonly TimerSchedule _schedule;
    private IReadOnlyList<IpEndpoint> _endpoints = [];
    private int _endpoint;
    private long _helloAt = long.MaxValue;
    private long _nextEndpointAt = long.MaxValue;

    public Registration(Device device, RandomSource random, IRegistrationOutput output, RelayRow row, PublicKey key, TimerSchedule schedule, long keepalive)
    {
        _device = device;
        _random = random;
        _output = output;
        _keepalive = keepalive;
        _schedule = schedule;
        Row = row;
        Peer = device.AddPeer(new PeerOptions { PublicKey = key, AcceptAnySource = true, TimerSchedule = schedule, State = this });
    }

    public RelayRow Row { get; set; }

    public Peer Peer { get; }

    public RegistrationState State { get; private set; } = RegistrationState.NoEndpoint;

    /// <summary>Sessions that came to be because an earlier one had died, and the first.</summary>
    public long Count { get; private set; }

    public IReadOnlyList<IpEndpoint> Endpoints => _endpoints;

    /// <summary>Where the relay sees this agent; null before its first word, and when it knows it by no UDP address.</summary>
    public IpEndpoint? Reflexive { get; private set; }

    public long Deadline => Math.Min(Math.Min(_helloAt, _nextEndpointAt), Math.Min(_pings.Deadline, _stream.Deadline));

    /// <summary>Where the relay can be reached, best first. Unchanged ones change nothing.</summary>
    public void SetEndpoints(IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        if (_endpoints.SequenceEqual(endpoints))
            return;
        var current = Peer.Endpoint;
        _endpoints = endpoints;
        if (endpoints.Count == 0 && current != StreamEndpoint)
        {
            Peer.Endpoint = null;
            Register(now);
            return;
        }

        if (current is { } kept && (kept == StreamEndpoint || endpoints.Contains(kept)))
            return;
        _endpoint = 0;
        Register(now);
    }

    /// <summary>An authentic datagram came from <paramref name="source"/>, which is one of <see cref="Endpoints"/> or the stream's.</summary>
    public void Heard(in ReceiveResult result, in IpEndpoint source, long now)
    {
        HeardFrom = source;
        if (!result.NewSession)
            return;
        Use(source, now);
        if (State is not (RegistrationState.Live or RegistrationState.Greeting))
            Count++;
        if (State != RegistrationState.Live)
            State = RegistrationState.Greeting;
        _nextEndpointAt = long.MaxValue;
        _pings.Start(_random.NextUInt64(), now);
        Greet(now);
    }

    /// <summary>The relay has taken the hello of this process, or says where it sees it now.</summary>
    public void HelloAnswered(in SessionHelloAck ack)
    {
        Reflexive = ack.Reflexive.IsNone ? null : ack.Reflexive.ToIpEndpoint();
        if (State == RegistrationState.Registering)
            return;
        _helloAt = long.MaxValue;
        State = RegistrationState.Live;
    }

    /// <summary>A new session over the way that the system chooses now; the old one serves until then.</summary>
    public void Renew(long now)
    {
        if (_endpoints.Count > 0 && Peer.Endpoint is { } endpoint)
            _device.InitiateHandshake(Peer, endpoint, now);
        _stream.ProbeSoon(now);
    }

    public void PongReceived(in SessionPing pong, long now)
    {
        if (!_pings.Answered(pong.Nonce, now))
            return;
        Distance = Distance == Unmeasured ? _pings.RoundTrip : Distance + (_pings.RoundTrip - Distance) / 8;
        if (State == RegistrationState.Silent)
            State = RegistrationState.Live;
    }

    public void DataMoved(long now) => _pings.DataMoved(now);

    /// <summary>The device stopped trying: the next endpoint's turn.</summary>
    public void GaveUp(long now)
    {
        if (_endpoints.Count > 0)
            Advance(now);
    }

    /// <summary>Says hello, again and again until it is answered.</summary>
    public void Greet(long now)
    {
        _helloAt = now + HelloInterval;
        if (Peer.HasSession(now))
            _output.SendHello(this, now);
    }

    public void Tick(long now)
    {
        if (now >= _helloAt)
            Greet(now);
        if (now >= _nextEndpointAt)
            Advance(now);
        TickStream(now);
        switch (_pings.Next(now))
        {
            case PingSchedule.Step.Ping:
                if (_pings.Misses > 0 && State == RegistrationState.Live)
                    State = RegistrationState.Silent;
                _output.SendPing(this, _pings.Nonce, SessionPing.Length, now);
                break;
            case PingSchedule.Step.PaddedPing:
                _output.SendPing(this, _pings.Nonce, PaddedPingLength, now);
                break;
            case PingSchedule.Step.Dead:
                LeaveStream(now);
                Register(now);
                break;
        }
    }

    public RegistrationStatus Status() => new(
        Row.Id, Row.Name, Peer.PublicKey, State, UdpEndpoint, Peer.LastHandshakeAt, Peer.LastReceivedAt, _pings.RoundTrip, Peer.ReceivedBytes, Peer.SentBytes, Count, Row.Endpoints, Transport, UnansweredTime, StreamEndpoint,
        Row.Tls is { Endpoints: [var first, ..] } ? first : null, Row.Tls?.Pin, Reflexive);

    /// <summary>There is nowhere to send to by UDP: no address, or a name that has none. Then as where nothing is answered.</summary>
    private void Forget(long now)
    {
        BeginUnanswered(now);
        Peer.Endpoint = null;
        State = RegistrationState.NoEndpoint;
        _pings.Stop();
        _helloAt = _nextEndpointAt = long.MaxValue;
    }

    private void Advance(long now)
    {
        _endpoint++;
        Register(now);
    }

    private void Register(long now)
    {
        State = RegistrationState.Registering;
        _pings.Stop();
        _helloAt = long.MaxValue;
        Peer.PersistentKeepalive = _keepalive;
        if (_stream.IsConnected)
        {
            RegisterByStream(now);
            return;
        }

        if (_endpoints.Count == 0)
        {
            Forget(now);
            return;
        }

        BeginUnanswered(now);
        var endpoint = _endpoints[_endpoint % _endpoints.Count];
        Peer.Endpoint ??= endpoint;
        bool isFirstRound = Count == 0 && _endpoint < _endpoints.Count;
        _nextEndpointAt = _endpoints.Count > 1 ? now + (isFirstRound ? FirstPatience : EndpointPatience) : long.MaxValue;
        _device.InitiateHandshake(Peer, endpoint, now);
    }
}
