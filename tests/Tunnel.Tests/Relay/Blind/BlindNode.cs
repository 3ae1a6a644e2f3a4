using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

/// <summary>A WireGuard node that registers at the relay and has its counterparts behind the relay's address.</summary>
internal sealed class BlindNode : IDatagramOutput, IDisposable
{
    private readonly BlindWorld _world;
    private readonly Dictionary<BlindNode, Peer> _peers = [];
    private readonly List<BlindNode> _counterparts = [];

    public BlindNode(BlindWorld world, int id, PeerKind kind, string name, IpEndpoint endpoint, bool stock, int? site = null)
    {
        _world = world;
        Name = name;
        Endpoint = endpoint;
        Random = new SeededRandom(id + 1000);
        Key = PrivateKey.Generate(Random);
        string[] addresses = kind == PeerKind.Connector ? [] : [$"100.64.0.{id}", $"fd00::{id}"];
        Row = new PeerRow(id, kind, name, Key.PublicKey.ToString(), null, addresses, site, stock, Draining: false);
        Boot();
    }

    public string Name { get; }

    public SeededRandom Random { get; }

    public PrivateKey Key { get; }

    public PeerRow Row { get; }

    public IpEndpoint Endpoint { get; set; }

    public bool IsDead { get; set; }

    public UInt128 BootNonce { get; private set; }

    public Device Device { get; private set; } = null!;

    public Peer Relay { get; private set; } = null!;

    public LoadPolicy LoadPolicy { get; set; } = LoadPolicy.Never;

    /// <summary>What came end to end, opened, by its first byte's owner.</summary>
    public List<(BlindNode From, byte[] Payload)> Received { get; } = [];

    /// <summary>Called with every payload; what it gives is sent back.</summary>
    public Func<byte[], byte[]?>? OnPayload { get; set; }

    public void Boot()
    {
        Device?.Dispose();
        BootNonce = ((UInt128)(uint)Row.Id << 64) | (ulong)(_world.Now + 1);
        Device = new Device(new DeviceOptions
        {
            PrivateKey = Key,
            RandomSource = Random,
            Output = this,
            TimestampAtZero = RelayWorld.Epoch,
            TimerSchedule = Row.Stock ? TimerSchedule.Paper : TimerSchedule.Keyhole,
            LoadPolicy = LoadPolicy,
        });
        Relay = Device.AddPeer(Behind(_world.RelayKey.PublicKey, keepalive: 25_000_000));
        _peers.Clear();
        foreach (var node in _counterparts)
            _peers.Add(node, Device.AddPeer(Behind(node.Key.PublicKey, keepalive: 0)));
    }

    /// <summary>Gives this node a peer behind the relay.</summary>
    public void Knows(BlindNode node)
    {
        _counterparts.Add(node);
        _peers.Add(node, Device.AddPeer(Behind(node.Key.PublicKey, keepalive: 0)));
    }

    public Peer PeerOf(BlindNode node) => _peers[node];

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) =>
        _world.Send(new Flight(Endpoint, destination, datagram.ToArray()));

    /// <summary>A payload to a counterpart, through a handshake where there is no session.</summary>
    public void SendTo(BlindNode node, byte mark, int length = 64)
    {
        byte[] payload = new byte[length];
        Array.Fill(payload, mark);
        payload[0] = 0x77;
        SendPayload(_peers[node], payload);
    }

    public void Announce(BlindNode connector)
    {
        byte[] payload = new byte[SessionCounterpart.Length];
        byte[] key = new byte[32];
        connector.Key.PublicKey.CopyTo(key);
        new SessionCounterpart(key).Write(payload);
        SendPayload(Relay, payload);
    }

    /// <summary>A keepalive to the relay: 32 bytes.</summary>
    public void KeepAlive() => SendPayload(Relay, []);

    public void SayHello()
    {
        byte[] payload = new byte[SessionHello.Length];
        new SessionHello(BootNonce, Draining: false).Write(payload);
        SendPayload(Relay, payload);
    }

    /// <summary>A sealed datagram of the session with a counterpart, not sent.</summary>
    public byte[] Seal(BlindNode node, int length = 64)
    {
        byte[] buffer = new byte[length + 64];
        buffer[16] = 0x77;
        var result = Device.Seal(_peers[node], buffer, length, _world.Now);
        Assert.Equal(SealKind.Sealed, result.Kind);
        return buffer[..result.Length];
    }

    public void Receive(Flight flight)
    {
        if (IsDead)
            return;
        byte[] datagram = [.. flight.Bytes];
        var result = Device.Receive(datagram, flight.Source, _world.Now);
        if (result.Peer is null)
            return;
        if (result.Peer == Relay)
            FromRelay(result, datagram);
        else if (result.Kind == ReceiveKind.Packet)
            FromCounterpart(_peers.Single(pair => pair.Value == result.Peer).Key, datagram[result.Offset..(result.Offset + result.Length)]);
    }

    public void Dispose()
    {
        Device.Dispose();
        Key.Dispose();
    }

    private static PeerOptions Behind(PublicKey key, long keepalive) => new()
    {
        PublicKey = key,
        AcceptAnySource = true,
        Endpoint = RelayWorld.RelayEndpoint,
        PersistentKeepalive = keepalive,
    };

    private void FromRelay(in ReceiveResult result, byte[] datagram)
    {
        if (Row.Stock)
            return;
        if (result.NewSession)
            SayHello();
        if (result.Kind != ReceiveKind.Packet)
            return;
        byte[] payload = datagram[result.Offset..(result.Offset + result.Length)];
        Assert.True(SessionMessage.TryParse(payload, SessionScope.Registration, out var message));
        if (!SessionPing.TryParse(message, out var ping) || ping.IsPong)
            return;
        ping.ToPong().Write(payload);
        SendPayload(Relay, payload);
    }

    private void FromCounterpart(BlindNode from, byte[] payload)
    {
        Received.Add((from, payload));
        if (OnPayload?.Invoke(payload) is { } answer)
            SendPayload(_peers[from], answer);
    }

    private void SendPayload(Peer peer, ReadOnlySpan<byte> payload)
    {
        byte[] buffer = new byte[payload.Length + 64];
        payload.CopyTo(buffer.AsSpan(16));
        var result = Device.Seal(peer, buffer, payload.Length, _world.Now);
        if (result.Kind == SealKind.Sealed)
            Send(peer.Endpoint!.Value, buffer.AsSpan(0, result.Length), peer);
    }
}
