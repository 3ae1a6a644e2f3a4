using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Relay.Tests;

/// <summary>A WireGuard node on a real socket of loopback, whose one peer is the relay. It lives while <see cref="RunUntil"/> runs.</summary>
internal sealed class UdpAgent : IDatagramOutput, IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly PrivateKey _key;
    private readonly Device _device;
    private readonly Peer _relay;
    private readonly byte[] _buffer = new byte[2048];

    public UdpAgent(int id, PeerKind kind, string name, PublicKey relay, IPEndPoint relayEndpoint, int? site = null, params string[] addresses)
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _key = PrivateKey.Generate(RandomSource.System);
        bool stock = kind == PeerKind.ExternalClient;
        Row = new PeerRow(id, kind, name, _key.PublicKey.ToString(), null, addresses, site, stock, Draining: false);
        _device = new Device(new DeviceOptions
        {
            PrivateKey = _key,
            RandomSource = RandomSource.System,
            Output = this,
            TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
            TimerSchedule = stock ? TimerSchedule.Paper : TimerSchedule.Keyhole,
        });
        _relay = _device.AddPeer(new PeerOptions
        {
            PublicKey = relay,
            AllowedIps = [IpPrefix.Parse("0.0.0.0/0")],
            Endpoint = new IpEndpoint(IpAddress.From(relayEndpoint.Address), (ushort)relayEndpoint.Port),
            PersistentKeepalive = 25_000_000,
        });
    }

    public PeerRow Row { get; }

    public List<byte[]> Packets { get; } = [];

    /// <summary>Called with every IP packet; what it gives is sent back.</summary>
    public Func<byte[], byte[]?>? OnPacket { get; set; }

    public int HandshakeCount { get; private set; }

    public bool HasSession => _relay.HasSession(MonotonicClock.Now);

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) =>
        _socket.SendTo(datagram, new IPEndPoint(destination.Address.ToIPAddress(), destination.Port));

    public void SendPacket(ReadOnlySpan<byte> packet)
    {
        byte[] buffer = new byte[packet.Length + 64];
        packet.CopyTo(buffer.AsSpan(16));
        var result = _device.Seal(_relay, buffer, packet.Length, MonotonicClock.Now);
        if (result.Kind == SealKind.Sealed)
            Send(_relay.Endpoint!.Value, buffer.AsSpan(0, result.Length), _relay);
    }

    public void SendHello()
    {
        byte[] payload = new byte[SessionHello.Length];
        new SessionHello(7, false).Write(payload);
        SendPacket(payload);
    }

    /// <summary>Lets the agents hear, speak and keep their timers until the condition holds.</summary>
    public static bool RunUntil(Func<bool> condition, TimeSpan limit, params UdpAgent[] agents)
    {
        long end = MonotonicClock.Now + (long)limit.TotalMicroseconds;
        while (!condition())
        {
            if (MonotonicClock.Now > end)
                return false;
            bool idle = true;
            foreach (var agent in agents)
                idle &= !agent.Turn();
            if (idle)
                Thread.Sleep(1);
        }

        return true;
    }

    public void Dispose()
    {
        _device.Dispose();
        _key.Dispose();
        _socket.Dispose();
    }

    private bool Turn()
    {
        long now = MonotonicClock.Now;
        if (now >= _device.NextDeadline)
            _device.Tick(now);
        if (_socket.Available == 0)
            return false;
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length;
        try
        {
            length = _socket.ReceiveFrom(_buffer, ref from);
        }
        catch (SocketException)
        {
            // The relay is away, and the system says so.
            return false;
        }

        var source = (IPEndPoint)from;
        var result = _device.Receive(_buffer.AsSpan(0, length), new IpEndpoint(IpAddress.From(source.Address), (ushort)source.Port), now);
        if (result.Kind == ReceiveKind.Handshake)
            HandshakeCount++;
        if (result.Kind != ReceiveKind.Packet)
            return true;
        byte[] packet = _buffer[result.Offset..(result.Offset + result.Length)];
        if (packet[0] >> 4 == 1)
        {
            AnswerPing(packet);
            return true;
        }

        Packets.Add(packet);
        if (OnPacket?.Invoke(packet) is { } answer)
            SendPacket(answer);
        return true;
    }

    private void AnswerPing(byte[] payload)
    {
        if (!SessionMessage.TryParse(payload, SessionScope.Registration, out var message) || !SessionPing.TryParse(message, out var ping) || ping.IsPong)
            return;
        ping.ToPong().Write(payload);
        SendPacket(payload);
    }
}
