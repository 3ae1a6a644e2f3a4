using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

/// <summary>
/// Nodes with sessions end to end through a relay that has none of their keys, and a network that loses, repeats and reorders on request.
/// <code>
/// laptop (ours, .1)  ─┐                        ┌─ office (ours, 203.0.113.1): site 1
/// desk   (stock, .2) ─┼─ relay (192.0.2.10) ───┴─ branch (stock, 203.0.113.2): site 2
/// guest  (stock, .3) ─┘                           laptop and desk were granted both sites, guest nothing
/// </code>
/// </summary>
internal sealed class BlindWorld : IDatagramOutput, IDisposable
{
    private readonly PriorityQueue<Flight, (long At, int Order)> _flights = new();
    private readonly List<BlindNode> _nodes = [];
    private readonly Dictionary<IpEndpoint, (long In, long Out)> _bytes = [];
    private int _order;

    public BlindWorld(Func<RelayStateOptions, RelayStateOptions>? configure = null, int latency = 5)
    {
        Latency = latency * Millisecond;
        RelayKey = PrivateKey.Generate(new SeededRandom(99));
        Laptop = Add(new BlindNode(this, 1, PeerKind.Machine, "laptop", End("198.51.100.1:5000"), stock: false));
        Desk = Add(new BlindNode(this, 2, PeerKind.Machine, "desk", End("198.51.100.2:5000"), stock: true));
        Guest = Add(new BlindNode(this, 3, PeerKind.Machine, "guest", End("198.51.100.3:5000"), stock: true));
        Office = Add(new BlindNode(this, 11, PeerKind.Connector, "office", End("203.0.113.1:6000"), stock: false, site: 1));
        Branch = Add(new BlindNode(this, 12, PeerKind.Connector, "branch", End("203.0.113.2:6000"), stock: true, site: 2));
        foreach (var client in new[] { Laptop, Desk, Guest })
        {
            foreach (var connector in new[] { Office, Branch })
            {
                client.Knows(connector);
                connector.Knows(client);
            }
        }

        Table = new Table
        {
            Revision = 1,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10", "fd00::/48"],
            Relays = [new RelayRow(1, "vps", RelayKey.PublicKey.ToString(), [RelayEndpoint.ToString()], Gateway: true)],
            Sites = [new SiteRow(1, "office"), new SiteRow(2, "branch")],
            Peers = [.. _nodes.Select(node => node.Row)],
            Resources =
            [
                new ResourceRow(1, 1, "web", "192.168.1.20", ["100.64.1.20/32"], null, [new PortRange(80, 80)], [], Icmp: true),
                new ResourceRow(2, 2, "files", "192.168.2.20", ["100.64.2.20/32"], null, [new PortRange(80, 80)], [], Icmp: true),
            ],
            Grants = [new GrantRow(1, [1, 2], []), new GrantRow(2, [1, 2], [])],
        };
        var options = new RelayStateOptions
        {
            PrivateKey = RelayKey,
            RandomSource = new SeededRandom(7),
            Output = this,
            TimestampAtZero = Epoch,
            MaximumAgents = 64,
            MaximumFlows = 64,
        };
        State = new RelayState(configure?.Invoke(options) ?? options);
        State.Apply(1, Table, Now);
    }

    public long Now { get; set; } = 10 * Second;

    public long Latency { get; }

    public PrivateKey RelayKey { get; }

    public RelayState State { get; }

    public Table Table { get; private set; }

    public BlindNode Laptop { get; }

    public BlindNode Desk { get; }

    public BlindNode Guest { get; }

    public BlindNode Office { get; }

    public BlindNode Branch { get; }

    public List<Flight> FromRelay { get; } = [];

    public List<Flight> ToRelay { get; } = [];

    /// <summary>How many copies of a flight arrive, and how late each: the network's mood.</summary>
    public Func<Flight, IEnumerable<long>>? Delays { get; set; }

    public (long In, long Out) BytesOf(IpEndpoint address) => _bytes.GetValueOrDefault(address);

    public IEnumerable<IpEndpoint> Addresses => _bytes.Keys;

    public RelayAgentStatus Status(BlindNode node) => State.Describe(Now).Single(status => status.Id == node.Row.Id);

    public void Apply(Func<Table, Table> change)
    {
        Table = change(Table) with { Revision = Table.Revision + 1 };
        State.Apply(1, Table, Now);
    }

    /// <summary>All nodes have registered; nothing went end to end.</summary>
    public BlindWorld Registered(long within = 3 * Second)
    {
        Run(within);
        foreach (var node in _nodes)
            Assert.Equal(node.Endpoint, Status(node).Address);
        FromRelay.Clear();
        ToRelay.Clear();
        return this;
    }

    /// <summary>A session between two nodes, shown by a payload each way.</summary>
    public BlindWorld Connected(BlindNode client, BlindNode connector)
    {
        client.SendTo(connector, 1);
        Run(Second);
        connector.SendTo(client, 2);
        Run(Second);
        Assert.Equal(1, Assert.Single(connector.Received).Payload[1]);
        Assert.Equal(2, Assert.Single(client.Received).Payload[1]);
        connector.Received.Clear();
        client.Received.Clear();
        FromRelay.Clear();
        ToRelay.Clear();
        return this;
    }

    public BlindWorld Connected(Func<BlindWorld, BlindNode> client, Func<BlindWorld, BlindNode> connector) => Connected(client(this), connector(this));

    public void Send(Flight flight)
    {
        if (flight.Destination == RelayEndpoint)
            ToRelay.Add(flight);
        foreach (long delay in Delays?.Invoke(flight) ?? [Latency])
            _flights.Enqueue(flight, (Now + delay, _order++));
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => SendFromRelay(new Flight(RelayEndpoint, destination, datagram.ToArray()));

    /// <summary>A datagram straight into the relay. True when it was given on.</summary>
    public bool Arrive(Flight flight)
    {
        byte[] room = new byte[2048];
        flight.Bytes.CopyTo(room, 0);
        var (bytesIn, bytesOut) = _bytes.GetValueOrDefault(flight.Source);
        _bytes[flight.Source] = (bytesIn + flight.Bytes.Length, bytesOut);
        if (!State.Receive(room, flight.Bytes.Length, flight.Source, Now, out var forward))
            return false;
        SendFromRelay(new Flight(RelayEndpoint, forward.Destination, room[..forward.Length]));
        return true;
    }

    public void Run(long duration)
    {
        long end = Now + duration;
        while (true)
        {
            long next = Math.Min(State.NextDeadline, _nodes.Where(node => !node.IsDead).Min(node => node.Device.NextDeadline));
            if (_flights.TryPeek(out _, out var first))
                next = Math.Min(next, first.At);
            if (next > end)
                break;
            Now = Math.Max(Now, next);
            while (_flights.TryPeek(out _, out first) && first.At <= Now)
                Land(_flights.Dequeue());
            State.Tick(Now);
            foreach (var node in _nodes.Where(node => !node.IsDead))
                node.Device.Tick(Now);
        }

        Now = end;
    }

    public void Dispose()
    {
        State.Dispose();
        _nodes.ForEach(node => node.Dispose());
        RelayKey.Dispose();
    }

    private void Land(Flight flight)
    {
        if (flight.Destination == RelayEndpoint)
            Arrive(flight);
        else
            _nodes.Find(node => node.Endpoint == flight.Destination)?.Receive(flight);
    }

    private void SendFromRelay(Flight flight)
    {
        var (bytesIn, bytesOut) = _bytes.GetValueOrDefault(flight.Destination);
        _bytes[flight.Destination] = (bytesIn, bytesOut + flight.Bytes.Length);
        FromRelay.Add(flight);
        Send(flight);
    }

    private BlindNode Add(BlindNode node)
    {
        _nodes.Add(node);
        return node;
    }
}
