using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Connector;

/// <summary>The relay's end of a registration session, obedient or not as the test wants.</summary>
internal sealed class FakeRelay : IDatagramOutput, IDisposable
{
    private readonly ConnectorWorld _world;
    private Peer _connector = null!;

    public FakeRelay(ConnectorWorld world, int id, string endpoint)
    {
        _world = world;
        Endpoint = RelayWorld.End(endpoint);
        Key = PrivateKey.Generate(new SeededRandom(1000 + id));
        Row = new RelayRow(id, $"relay-{id}", Key.PublicKey.ToString(), [endpoint], Gateway: true);
    }

    public IpEndpoint Endpoint { get; }

    public PrivateKey Key { get; }

    public RelayRow Row { get; set; }

    public Device Device { get; private set; } = null!;

    /// <summary>A dead relay neither hears nor speaks.</summary>
    public bool IsDead { get; set; }

    public bool AnswersHello { get; set; } = true;

    public bool AnswersPings { get; set; } = true;

    public List<(long At, SessionHello Hello)> Hellos { get; } = [];

    /// <summary>When pings came, and how long their payloads were.</summary>
    public List<(long At, int Length)> Pings { get; } = [];

    public List<(long At, SessionMessageType Type)> Notices { get; } = [];

    public List<(SessionPing Pong, int Length)> Pongs { get; } = [];

    public List<byte[]> Packets { get; } = [];

    /// <summary>A new process: nothing is remembered.</summary>
    public void Boot(PublicKey connector)
    {
        Device?.Dispose();
        Device = new Device(new DeviceOptions
        {
            PrivateKey = Key,
            RandomSource = new SeededRandom((int)(_world.Now / 1000)),
            Output = this,
            TimestampAtZero = RelayWorld.Epoch,
            TimerSchedule = TimerSchedule.Keyhole,
        });
        _connector = Device.AddPeer(new PeerOptions { PublicKey = connector, AcceptAnySource = true });
        IsDead = false;
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _world.Send(new Flight(Endpoint, destination, datagram.ToArray()));

    public void Initiate() => Device.InitiateHandshake(_connector, ConnectorWorld.ConnectorEndpoint, _world.Now);

    public bool HasSession => _connector.HasSession(_world.Now);

    /// <summary>Sends a payload in the session: an IP packet or a control message.</summary>
    public void SendPayload(ReadOnlySpan<byte> payload, IpEndpoint? from = null)
    {
        byte[] sealedPayload = Seal(payload);
        if (sealedPayload.Length > 0)
            _world.Send(new Flight(from ?? Endpoint, ConnectorWorld.ConnectorEndpoint, sealedPayload));
    }

    public byte[] Seal(ReadOnlySpan<byte> payload)
    {
        byte[] buffer = new byte[payload.Length + 64];
        payload.CopyTo(buffer.AsSpan(16));
        var result = Device.Seal(_connector, buffer, payload.Length, _world.Now);
        return result.Kind == SealKind.Sealed ? buffer[..result.Length] : [];
    }

    public void Ping(ulong nonce, int length)
    {
        byte[] payload = new byte[length];
        new SessionPing(SessionMessageType.Ping, nonce).Write(payload);
        SendPayload(payload);
    }

    public void Receive(Flight flight)
    {
        if (IsDead)
            return;
        byte[] bytes = [.. flight.Bytes];
        var result = Device.Receive(bytes, flight.Source, _world.Now);
        if (result.Peer is null)
            return;
        _connector.Endpoint = flight.Source;
        if (result.Kind != ReceiveKind.Packet)
            return;
        var payload = bytes.AsSpan(result.Offset, result.Length);
        if (!SessionMessage.Claims(payload))
        {
            Packets.Add(payload.ToArray());
            return;
        }

        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        if (SessionHello.TryParse(message, out var hello))
            Greet(hello);
        else if (!SessionPing.TryParse(message, out var ping))
            Notices.Add((_world.Now, message.Type));
        else if (ping.IsPong)
            Pongs.Add((ping, payload.Length));
        else
            Answer(ping, payload.Length);
    }

    public void Dispose()
    {
        Device?.Dispose();
        Key.Dispose();
    }

    private void Greet(SessionHello hello)
    {
        Hellos.Add((_world.Now, hello));
        if (!AnswersHello)
            return;
        byte[] ack = new byte[SessionHelloAck.Length];
        new SessionHelloAck(hello.BootNonce, 7).Write(ack);
        SendPayload(ack);
    }

    private void Answer(SessionPing ping, int length)
    {
        Pings.Add((_world.Now, length));
        if (!AnswersPings)
            return;
        byte[] pong = new byte[length];
        ping.ToPong().Write(pong);
        SendPayload(pong);
    }
}
