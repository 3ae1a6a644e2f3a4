using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>A WireGuard node whose only peer is the relay. What it sends waits in its outbox.</summary>
internal sealed class RelayRigAgent : IDatagramOutput, IDisposable
{
    private const int MostPacketLength = 1600;

    private readonly PrivateKey _key;
    private readonly Device _device;
    private readonly Peer _relay;

    internal RelayRigAgent(byte key, IpEndpoint at, PublicKey relay, IpEndpoint relayAt, Tai64n epoch)
    {
        Home = Endpoint = at;
        _key = new PrivateKey(Enumerable.Repeat(key, 32).ToArray());
        _device = new Device(new DeviceOptions { PrivateKey = _key, RandomSource = new SeededRandom(key), Output = this, TimestampAtZero = epoch, MaximumPeers = 1 });
        _relay = _device.AddPeer(new PeerOptions
        {
            PublicKey = relay,
            AllowedIps = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")],
            Endpoint = relayAt,
        });
    }

    internal IpEndpoint Home { get; }

    internal IpEndpoint Endpoint { get; private set; }

    internal bool HasRoamed { get; private set; }

    internal PublicKey PublicKey => _device.PublicKey;

    internal long NextDeadline => _device.NextDeadline;

    internal Queue<byte[]> Outbox { get; } = new();

    internal byte[]? LastSent { get; private set; }

    internal void Register(long now) => _device.InitiateHandshake(_relay, _relay.Endpoint!.Value, now);

    internal void Tick(long now) => _device.Tick(now);

    internal void Roam(ushort port)
    {
        Endpoint = Home with { Port = port };
        HasRoamed = true;
    }

    internal void Hello(long now)
    {
        byte[] payload = new byte[SessionHello.Length];
        new SessionHello(5, false).Write(payload);
        Seal(payload, now);
    }

    /// <summary>Whatever the bytes are: the session does not care.</summary>
    internal void Seal(ReadOnlySpan<byte> packet, long now)
    {
        packet = packet[..Math.Min(packet.Length, MostPacketLength)];
        byte[] buffer = new byte[TransportMessage.PacketOffset + packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(TransportMessage.PacketOffset));
        var result = _device.Seal(_relay, buffer, packet.Length, now);
        if (result.Kind == SealKind.Sealed)
            Send(default, buffer.AsSpan(0, result.Length), _relay);
    }

    internal ReceiveKind Receive(byte[] datagram, in IpEndpoint from, long now)
    {
        var result = _device.Receive(datagram, from, now);
        if (result.Kind != ReceiveKind.Packet)
            return result.Kind;
        var payload = datagram.AsSpan(result.Offset, result.Length);
        if (SessionMessage.TryParse(payload, SessionScope.Registration, out var message) && SessionPing.TryParse(message, out var ping) && !ping.IsPong)
        {
            byte[] pong = new byte[payload.Length];
            ping.ToPong().Write(pong);
            Seal(pong, now);
        }

        return result.Kind;
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (Outbox.Count >= 64)
            return;
        LastSent = datagram.ToArray();
        Outbox.Enqueue(LastSent);
    }

    public void Dispose()
    {
        _device.Dispose();
        _key.Dispose();
    }
}
