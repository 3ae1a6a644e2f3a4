using Keyhole.Cryptography;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Client;

/// <summary>
/// A WireGuard tunnel that ends in this process: the device, the flows above it and the datagram socket below it.
/// Everything happens on the thread of the event loop; nothing needs a privilege.
/// </summary>
internal sealed class ProxyTunnel : IPacketSink, IDatagramOutput, IReadinessHandler, IDisposable
{
    private const int LongestDatagram = 2048;

    private readonly IDatagramSocket _socket;
    private readonly ReceiveBatch _received;
    private readonly SendBatch _packets = new();
    // What the device sends by itself may come in the middle of a reservation of the other batch.
    private readonly SendBatch _handshakes = new(64, 1 << 17);
    private readonly Device _device;
    private readonly Peer _peer;
    private readonly byte[] _slot = GC.AllocateArray<byte>(LongestDatagram, pinned: true);

    private bool _sessionReported;

    public ProxyTunnel(StockConfiguration configuration, IpEndpoint relay, EventLoop loop)
    {
        Flows = new TunnelFlows(this, configuration.Mtu);
        _socket = DatagramSockets.Open(new DatagramSocketOptions { Local = new IpEndpoint(IpAddress.Ipv6Any, 0) });
        _received = ReceiveBatch.For(_socket);
        _device = new Device(new DeviceOptions
        {
            PrivateKey = configuration.PrivateKey,
            RandomSource = RandomSource.System,
            Output = this,
            TimestampAtZero = Tai64n.FromUnixMicroseconds((DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / 10 - MonotonicClock.Now),
            Mtu = configuration.Mtu,
        });
        _peer = _device.AddPeer(new PeerOptions
        {
            PublicKey = configuration.PeerKey,
            PresharedKey = configuration.PresharedKey,
            AllowedIps = configuration.AllowedIps,
            Endpoint = relay,
            PersistentKeepalive = configuration.PersistentKeepalive * 1_000_000L,
        });
        loop.Add(_socket, Readiness.Read, this);
    }

    public TunnelFlows Flows { get; }

    /// <summary>Raised once for each time the relay is reached after it was not: true, or given up: false.</summary>
    public Action<bool>? ReachedChanged { get; set; }

    public long NextDeadline => Math.Min(_device.NextDeadline, Flows.NextDeadline);

    /// <summary>Asks for a session now, so that the first connection does not wait for it.</summary>
    public void Start() => _device.InitiateHandshake(_peer, _peer.Endpoint!.Value, MonotonicClock.Now);

    /// <summary>Runs timers, flushes the stack and sends what came together in this turn.</summary>
    public void EndTurn()
    {
        long now = MonotonicClock.Now;
        _device.Tick(now);
        Flows.Tick(now);
        Flows.Flush(now);
        _socket.Send(_handshakes);
        _socket.Send(_packets);
        while (_device.TryDequeueEvent(out var happened))
        {
            bool reached = happened.Kind == DeviceEventKind.SessionEstablished;
            if ((reached || happened.Kind == DeviceEventKind.HandshakeGaveUp) && reached != _sessionReported)
                ReachedChanged?.Invoke(_sessionReported = reached);
        }
    }

    public void OnReady(Readiness readiness)
    {
        long now = MonotonicClock.Now;
        _socket.Receive(_received, 0);
        foreach (var datagram in _received.Datagrams)
        {
            var result = _device.Receive(datagram.First, datagram.Source, now);
            // A relay answers from where it listens: its address changes only with the configuration.
            if (result.Kind == ReceiveKind.Packet)
                Flows.Input(datagram.First.Slice(result.Offset, result.Length), now);
        }
    }

    public Span<byte> Rent(int peer, int length) => _slot.AsSpan(TransportMessage.PacketOffset, length);

    public void Commit(int peer, int length)
    {
        var sealedPacket = _device.Seal(_peer, _slot, length, Flows.Now);
        if (sealedPacket.Kind != SealKind.Sealed)
            return;
        var datagram = _slot.AsSpan(0, sealedPacket.Length);
        if (!_packets.TryCopy(_peer.Endpoint!.Value, datagram))
        {
            _socket.Send(_packets);
            _packets.TryCopy(_peer.Endpoint!.Value, datagram);
        }
    }

    public bool CanSend(int peer) => true;

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (!_handshakes.TryCopy(destination, datagram))
        {
            _socket.Send(_handshakes);
            _handshakes.TryCopy(destination, datagram);
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _socket.Dispose();
        _received.Dispose();
        _packets.Dispose();
        _handshakes.Dispose();
    }
}
