using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>
/// A stock WireGuard node for as long as it takes to make a session: the relay is one of its peers, its counterpart another whose endpoint is the relay.
/// It lets go of its port afterwards, so that the load generator can send from there.
/// </summary>
internal sealed class StockNode : IDatagramOutput, IDisposable
{
    private const long Keepalive = 25_000_000;

    private readonly PrivateKey _key;
    private readonly Socket _socket;
    private readonly SocketAddress _relayAddress;
    private readonly IpEndpoint _relay;
    private readonly byte[] _buffer = new byte[2048];

    private Device? _device;
    private Peer? _registration;
    private Peer? _counterpart;

    internal StockNode(NetworkNamespace host, in IpEndpoint local, in IpEndpoint relay, PrivateKey key)
    {
        _key = key;
        _relay = relay;
        _relayAddress = ToSystem(relay).Serialize();
        var bound = ToSystem(local);
        _socket = host.Enter(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Bind(bound);
            return socket;
        });
    }

    /// <summary>Whether the relay has answered.</summary>
    internal bool IsRegistered => _registration?.LastReceivedAt is not null;

    /// <summary>The counterpart's index in the session with it, from the header of the last packet that went to it.</summary>
    internal uint? Receiver { get; private set; }

    /// <summary>Whether a packet of the counterpart has come.</summary>
    internal bool HasHeard { get; private set; }

    internal void Begin(in PublicKey relay, in PublicKey counterpart)
    {
        _device = new Device(new DeviceOptions
        {
            PrivateKey = _key,
            RandomSource = RandomSource.System,
            Output = this,
            TimestampAtZero = Tai64n.FromUnixMicroseconds((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond - MonotonicClock.Now),
        });
        _registration = _device.AddPeer(new PeerOptions { PublicKey = relay, Endpoint = _relay, PersistentKeepalive = Keepalive });
        _counterpart = _device.AddPeer(new PeerOptions { PublicKey = counterpart, Endpoint = _relay, AcceptAnySource = true });
    }

    /// <summary>Starts the handshake with the counterpart.</summary>
    internal void Connect() => _device!.InitiateHandshake(_counterpart!, _relay, MonotonicClock.Now);

    /// <summary>Handles what has come and what is due; the client greets its counterpart as soon as there is a session.</summary>
    internal void Turn()
    {
        var device = _device!;
        while (_socket.Available > 0)
        {
            int length = _socket.Receive(_buffer);
            var result = device.Receive(_buffer.AsSpan(0, length), _relay, MonotonicClock.Now);
            HasHeard |= result.Peer == _counterpart && (result.Kind is ReceiveKind.Keepalive or ReceiveKind.Packet);
        }

        if (MonotonicClock.Now >= device.NextDeadline)
            device.Tick(MonotonicClock.Now);
    }

    void IDatagramOutput.Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (peer == _counterpart && datagram[0] == (byte)MessageType.TransportData)
            Receiver = BinaryPrimitives.ReadUInt32LittleEndian(datagram[4..]);
        _socket.SendTo(datagram, SocketFlags.None, _relayAddress);
    }

    public void Dispose()
    {
        _device?.Dispose();
        _socket.Dispose();
    }

    private static IPEndPoint ToSystem(in IpEndpoint endpoint) => new(IPAddress.Parse(endpoint.Address.ToString()), endpoint.Port);
}
