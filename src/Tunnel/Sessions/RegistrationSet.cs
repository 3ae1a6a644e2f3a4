using System.Buffers.Binary;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// An agent's sessions with its relays: who they are, where they can be reached, the control messages in them. A part of <see cref="ClientState"/> and
/// <see cref="ConnectorState"/>, and on their thread.
/// </summary>
internal sealed class RegistrationSet : IRegistrationOutput
{
    private readonly Device _device;
    private readonly RandomSource _random;
    private readonly SealBatch _written;
    private readonly TimerSchedule _schedule;
    private readonly long _keepalive;
    private readonly UInt128 _bootNonce;
    private readonly IRelayStreams? _streams;
    private readonly RelayChoice _choice = new();
    private readonly List<Registration> _registrations = [];
    private readonly Dictionary<IpEndpoint, Registration> _byEndpoint = [];
    private IReadOnlyList<RelayRow> _rows = [];

    public RegistrationSet(Device device, RandomSource random, SealBatch written, TimerSchedule schedule, long keepalive, IRelayStreams? streams = null)
    {
        _device = device;
        _random = random;
        _written = written;
        _schedule = schedule;
        _keepalive = keepalive;
        _streams = streams;
        Span<byte> nonce = stackalloc byte[16];
        random.Fill(nonce);
        _bootNonce = BinaryPrimitives.ReadUInt128LittleEndian(nonce) | 1;
    }

    /// <summary>What hellos say: the agent takes no new flow.</summary>
    public bool IsDraining { get; set; }

    /// <summary>What hellos say: where the agent may be reached past the relays.</summary>
    public SessionCandidates Candidates { get; set; }

    /// <summary>Hellos that were answered, and answers that came unasked since the agent has moved.</summary>
    public long GreetingCount { get; private set; }

    public IReadOnlyList<Registration> All => _registrations;

    public long NextDeadline
    {
        get
        {
            long next = _choice.Deadline;
            foreach (var registration in _registrations)
                next = Math.Min(next, registration.Deadline);
            return next;
        }
    }

    /// <summary>The relay to use: the nearest that answers; null while none does.</summary>
    public Registration? Live => _choice.Current;

    /// <summary>The relay that is reached at this endpoint.</summary>
    public Registration? Find(in IpEndpoint source) => _byEndpoint.GetValueOrDefault(source);

    /// <summary>Follows these rows; relays that stay keep their sessions. Those that went are no peers of the device any more.</summary>
    public void Apply(IReadOnlyList<RelayRow> rows, long now)
    {
        _rows = rows;
        for (int index = _registrations.Count - 1; index >= 0; index--)
        {
            var registration = _registrations[index];
            var row = rows.FirstOrDefault(row => row.Id == registration.Row.Id);
            if (row is not null && row.PublicKey == registration.Row.PublicKey)
            {
                registration.Row = row;
                continue;
            }

            registration.EndStream();
            _device.RemovePeer(registration.Peer);
            _registrations.RemoveAt(index);
        }

        foreach (var row in rows)
        {
            if (!_registrations.Exists(registration => registration.Row.Id == row.Id)
                && row.PublicKey is { } text
                && PublicKey.TryParse(text, out var key)
                && key != _device.PublicKey
                && _device.FindPeer(key) is null)
                _registrations.Add(new Registration(_device, _random, this, row, key, _schedule, _keepalive));
        }

        foreach (var registration in _registrations)
        {
            registration.SetTls(_streams is null ? null : registration.Row.Tls, now);
            if (TryParse(registration.Row.Endpoints, out var endpoints))
                registration.SetEndpoints(endpoints, now);
        }

        IndexEndpoints();
        _choice.Choose(_registrations, now);
    }

    /// <summary>Where a relay can be reached, best first: for relays whose endpoints are names, whenever those were resolved.</summary>
    public void SetEndpoints(int relay, IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        if (_registrations.Find(registration => registration.Row.Id == relay) is not { } found)
            return;
        found.SetEndpoints(endpoints, now);
        IndexEndpoints();
    }

    /// <summary>The TLS connection that this endpoint stands for is open.</summary>
    public void StreamOpened(in IpEndpoint endpoint, long now) => FindStream(endpoint)?.StreamOpened(now);

    /// <summary>It has ended, or could not be had.</summary>
    public void StreamClosed(in IpEndpoint endpoint, long now) => FindStream(endpoint)?.StreamClosed(now);

    /// <summary>Deals with a control message of a relay; false when it is none that is valid here.</summary>
    public bool TakeControlMessage(Registration registration, ReadOnlySpan<byte> payload, long now)
    {
        if (!SessionMessage.TryParse(payload, SessionScope.Registration, out var message))
            return false;
        if (SessionPing.TryParse(message, out var ping))
        {
            if (ping.IsPong)
                registration.PongReceived(ping, now);
            else
                SendPong(registration, ping, payload.Length, now);
            _choice.Choose(_registrations, now);
            return true;
        }

        if (!SessionHelloAck.TryParse(message, out var ack) || ack.BootNonce != _bootNonce)
            return false;
        registration.HelloAnswered(ack);
        GreetingCount++;
        _choice.Choose(_registrations, now);
        return true;
    }

    public void Tick(long now)
    {
        foreach (var registration in _registrations)
            registration.Tick(now);
        _choice.Choose(_registrations, now);
    }

    /// <summary>Makes all sessions anew, since the way to the relays may be another one: their addresses for this agent are proven by it.</summary>
    public void Renew(long now)
    {
        foreach (var registration in _registrations)
            registration.Renew(now);
    }

    /// <summary>Whether a relay has this address: no way past it leads there.</summary>
    public bool IsRelay(IpAddress address)
    {
        foreach (var endpoint in _byEndpoint.Keys)
        {
            if (endpoint.Address == address)
                return true;
        }

        return false;
    }

    /// <summary>Asks a relay to introduce this client to a connector.</summary>
    public void AskIntroduction(Registration registration, in PublicKey connector, long now)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        connector.CopyTo(key);
        var slot = _written.Reserve(SessionIntroduce.Length, now);
        new SessionIntroduce(key).Write(slot.Slice(TransportMessage.PacketOffset, SessionIntroduce.Length));
        _written.Send(registration.Peer, slot, SessionIntroduce.Length, now);
    }

    /// <summary>Says hello to all relays again, since what it says has changed.</summary>
    public void Greet(long now)
    {
        foreach (var registration in _registrations)
            registration.Greet(now);
    }

    /// <summary>Tells all relays one thing that has no body.</summary>
    public void Tell(SessionMessageType type, long now)
    {
        foreach (var registration in _registrations)
        {
            int length = SessionMessage.MinimumLength(type);
            var slot = _written.Reserve(length, now);
            SessionMessage.Write(type, slot.Slice(TransportMessage.PacketOffset, length));
            _written.Send(registration.Peer, slot, length, now);
        }
    }

    /// <summary>Tells a relay to which connector the next handshake goes, so that it need not try (docs/protocol.md, rule 7).</summary>
    public void Announce(Registration registration, in PublicKey connector, long now)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        connector.CopyTo(key);
        var slot = _written.Reserve(SessionCounterpart.Length, now);
        new SessionCounterpart(key).Write(slot.Slice(TransportMessage.PacketOffset, SessionCounterpart.Length));
        _written.Send(registration.Peer, slot, SessionCounterpart.Length, now);
    }

    /// <summary>The relays by what the data path has shown, those included whose key or address is not known.</summary>
    public IReadOnlyList<RegistrationStatus> Status()
    {
        var status = _registrations.Select(registration => registration.Status()).ToList();
        status.AddRange(_rows.Where(row => status.TrueForAll(known => known.Relay != row.Id))
            .Select(row => new RegistrationStatus(row.Id, row.Name, null, RegistrationState.NoEndpoint, null, null, null, 0, 0, 0, 0, row.Endpoints)));
        return status;
    }

    public void SendHello(Registration registration, long now)
    {
        var slot = _written.Reserve(SessionHello.Length, now);
        new SessionHello(_bootNonce, IsDraining, Candidates).Write(slot.Slice(TransportMessage.PacketOffset, SessionHello.Length));
        _written.Send(registration.Peer, slot, SessionHello.Length, now);
    }

    public void SendPing(Registration registration, ulong nonce, int length, long now)
    {
        var slot = _written.Reserve(length, now);
        new SessionPing(SessionMessageType.Ping, nonce).Write(slot.Slice(TransportMessage.PacketOffset, length));
        _written.Send(registration.Peer, slot, length, now);
    }

    public void SendProbe(Registration registration, in IpEndpoint destination, ulong nonce, int length, long now)
    {
        var slot = _written.Reserve(length, now);
        new SessionPing(SessionMessageType.Ping, nonce).Write(slot.Slice(TransportMessage.PacketOffset, length));
        _written.Send(registration.Peer, destination, slot, length, now);
    }

    public void OpenStream(Registration registration)
    {
        if (registration.Row.Tls is { } tls && registration.StreamEndpoint is { } endpoint)
            _streams?.Open(endpoint, tls);
    }

    public void CloseStream(Registration registration)
    {
        if (registration.StreamEndpoint is { } endpoint)
            _streams?.Close(endpoint);
    }

    /// <summary>An answer goes to where the question came from: it may try another path than the one in use.</summary>
    private void SendPong(Registration registration, in SessionPing ping, int length, long now)
    {
        registration.Challenged(now);
        var slot = _written.Reserve(length, now);
        ping.ToPong().Write(slot.Slice(TransportMessage.PacketOffset, length));
        _written.Send(registration.Peer, registration.HeardFrom, slot, length, now);
    }

    private Registration? FindStream(in IpEndpoint endpoint)
    {
        foreach (var registration in _registrations)
        {
            if (registration.StreamEndpoint == endpoint)
                return registration;
        }

        return null;
    }

    /// <summary>False when an endpoint is a name: then the caller resolves them.</summary>
    private static bool TryParse(IReadOnlyList<string> texts, out IReadOnlyList<IpEndpoint> endpoints)
    {
        var parsed = new List<IpEndpoint>(texts.Count);
        foreach (string text in texts)
        {
            if (IpEndpoint.TryParse(text, out var endpoint))
                parsed.Add(endpoint);
        }

        endpoints = parsed;
        return parsed.Count == texts.Count;
    }

    private void IndexEndpoints()
    {
        _byEndpoint.Clear();
        foreach (var registration in _registrations)
        {
            foreach (var endpoint in registration.Endpoints)
                _byEndpoint.TryAdd(endpoint, registration);
            if (registration.StreamEndpoint is { } stream)
                _byEndpoint.TryAdd(stream, registration);
        }
    }
}
