using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A WireGuard node whose one peer is the relay: a stock app or a connector.</summary>
internal sealed class SimulatedAgent : IDatagramOutput, IDisposable
{
    private readonly RelayWorld _world;

    public SimulatedAgent(RelayWorld world, int id, PeerKind kind, string name, IpEndpoint endpoint, bool stock, int? site = null, params string[] addresses)
    {
        _world = world;
        Name = name;
        Endpoint = endpoint;
        Random = new SeededRandom(id);
        Key = PrivateKey.Generate(Random);
        Row = new PeerRow(id, kind, name, Key.PublicKey.ToString(), null, addresses, site, stock, Draining: false);
        Boot();
    }

    /// <summary>A second device with the key of another.</summary>
    public SimulatedAgent(RelayWorld world, SimulatedAgent twin, IpEndpoint endpoint)
    {
        _world = world;
        Name = $"{twin.Name} again";
        Endpoint = endpoint;
        Random = new SeededRandom(twin.Row.Id + 1000);
        Span<byte> key = stackalloc byte[32];
        twin.Key.Export(key);
        Key = new PrivateKey(key);
        Row = twin.Row;
        Boot();
    }

    public string Name { get; }

    public SeededRandom Random { get; }

    public PrivateKey Key { get; }

    public PeerRow Row { get; set; }

    public IpEndpoint Endpoint { get; set; }

    /// <summary>A dead agent neither hears nor speaks.</summary>
    public bool IsDead { get; set; }

    public UInt128 BootNonce { get; private set; }

    public Device Device { get; private set; } = null!;

    public Peer Relay { get; private set; } = null!;

    /// <summary>IP packets that arrived, opened.</summary>
    public List<byte[]> Packets { get; } = [];

    /// <summary>Control messages that arrived.</summary>
    public List<byte[]> Messages { get; } = [];

    /// <summary>Called with every IP packet; what it gives is sent back.</summary>
    public Func<byte[], byte[]?>? OnPacket { get; set; }

    /// <summary>A process with a fresh device, as after a start.</summary>
    public void Boot()
    {
        Device?.Dispose();
        BootNonce = (UInt128)(uint)Row.Id << 64 | (UInt128)(ulong)(_world.Now + 1);
        Device = new Device(new DeviceOptions
        {
            PrivateKey = Key,
            RandomSource = Random,
            Output = this,
            TimestampAtZero = RelayWorld.Epoch,
            TimerSchedule = Row.Stock ? TimerSchedule.Paper : TimerSchedule.Keyhole,
        });
        Relay = Device.AddPeer(new PeerOptions
        {
            PublicKey = _world.RelayKey.PublicKey,
            PresharedKey = Row.PresharedKey is { } text ? new PresharedKey(Convert.FromBase64String(text)) : null,
            AllowedIps = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")],
            Endpoint = RelayWorld.RelayEndpoint,
            PersistentKeepalive = 25_000_000,
        });
        IsDead = false;
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _world.Send(new Flight(Endpoint, destination, datagram.ToArray()));

    public void SendPacket(ReadOnlySpan<byte> packet)
    {
        byte[] buffer = new byte[packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(16));
        var result = Device.Seal(Relay, buffer, packet.Length, _world.Now);
        Assert.NotEqual(SealKind.Dropped, result.Kind);
        if (result.Kind == SealKind.Sealed)
            Send(Relay.Endpoint!.Value, buffer.AsSpan(0, result.Length), Relay);
    }

    /// <summary>The datagram that would carry this packet to the relay.</summary>
    public byte[] Seal(ReadOnlySpan<byte> packet)
    {
        byte[] buffer = new byte[packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(16));
        return buffer[..Device.Seal(Relay, buffer, packet.Length, _world.Now).Length];
    }

    public void SendHello(bool draining = false)
    {
        byte[] payload = new byte[SessionHello.Length];
        new SessionHello(BootNonce, draining).Write(payload);
        SendPacket(payload);
    }

    public void SendMessage(SessionMessageType type)
    {
        byte[] payload = new byte[SessionMessage.MinimumLength(type)];
        SessionMessage.Write(type, payload);
        SendPacket(payload);
    }

    public void Receive(Flight flight)
    {
        if (IsDead)
            return;
        byte[] datagram = [.. flight.Bytes];
        var result = Device.Receive(datagram, flight.Source, _world.Now);
        if (result.Peer is null)
            return;
        if (Row.Stock)
            Relay.Endpoint = flight.Source;
        if (result.Kind != ReceiveKind.Packet)
            return;
        byte[] packet = datagram[result.Offset..(result.Offset + result.Length)];
        if (packet[0] >> 4 is 4 or 6)
        {
            Packets.Add(packet);
            if (OnPacket?.Invoke(packet) is { } answer)
                SendPacket(answer);
            return;
        }

        Messages.Add([.. packet]);
        Assert.True(SessionMessage.TryParse(packet, SessionScope.Registration, out var message));
        if (SessionPing.TryParse(message, out var ping) && !ping.IsPong)
        {
            ping.ToPong().Write(packet);
            SendPacket(packet);
        }
    }

    public void Dispose()
    {
        Device.Dispose();
        Key.Dispose();
    }
}
