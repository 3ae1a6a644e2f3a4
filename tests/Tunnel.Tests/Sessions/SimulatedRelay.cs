using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Sessions;

/// <summary>A relay's real state, reached by UDP and by one TLS connection at a time.</summary>
internal sealed class SimulatedRelay : IDatagramOutput, IDisposable
{
    private readonly TransportWorld _world;
    private readonly PrivateKey _key;
    private ulong _connections;

    public SimulatedRelay(TransportWorld world, int id)
    {
        _world = world;
        Id = id;
        _key = PrivateKey.Generate(new SeededRandom(100 + id));
        Endpoint = RelayWorld.End($"192.0.2.{id}:21820");
        State = new RelayState(new RelayStateOptions
        {
            PrivateKey = _key,
            RandomSource = new SeededRandom(200 + id),
            Output = this,
            TimestampAtZero = RelayWorld.Epoch,
            MaximumAgents = 4,
            MaximumFlows = 4,
        });
    }

    public int Id { get; }

    public IpEndpoint Endpoint { get; }

    public RelayState State { get; }

    /// <summary>One way.</summary>
    public long Latency { get; set; } = 5_000;

    public bool TakesUdp { get; set; } = true;

    public bool SendsUdp { get; set; } = true;

    /// <summary>Whether a TLS connection can be had.</summary>
    public bool HasTls { get; set; } = true;

    /// <summary>Whether the connection carries anything.</summary>
    public bool TlsWorks { get; set; } = true;

    /// <summary>The connection by which the agent is known here; null while there is none.</summary>
    public IpEndpoint? Connection { get; set; }

    /// <summary>When connections were asked for.</summary>
    public List<long> Attempts { get; } = [];

    public List<long> Closings { get; } = [];

    /// <summary>When UDP of the agent came, and how long the datagrams were.</summary>
    public List<(long At, int Length)> Udp { get; } = [];

    public RelayRow Row => new(Id, $"relay-{Id}", _key.PublicKey.ToString(), [Endpoint.ToString()], Gateway: false, new RelayTls([$"192.0.2.{Id}:443"], null));

    public void BlockUdp(bool isBlocked) => TakesUdp = SendsUdp = !isBlocked;

    public IpEndpoint Connect() => new(IpAddress.DiscardOnly(1000 + ++_connections), 443);

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => _world.FromRelay(this, destination, datagram.ToArray());

    public void Receive(byte[] datagram, IpEndpoint source)
    {
        byte[] room = new byte[datagram.Length + 64];
        datagram.CopyTo(room, 0);
        if (State.Receive(room, datagram.Length, source, _world.Now, out var forward))
            _world.FromRelay(this, forward.Destination, room[..forward.Length]);
    }

    public void Dispose()
    {
        State.Dispose();
        _key.Dispose();
    }
}
