using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;

namespace Keyhole.Tunnel.Tests.Client;

/// <summary>
/// A client, a relay and three connectors in one process, under a clock that only <see cref="Run"/> moves: the real states of all three roles. Whatever
/// reaches a connector for its site is answered by it.
/// <code>
/// laptop ── relay ─┬─ office-1 ─┐
///                  ├─ office-2 ─┴ 192.168.1.0/24 (.20 granted, .21 not)
///                  └─ branch-1 ── 192.168.1.0/24 (.20 by its overlay address)
/// </code>
/// </summary>
internal sealed class ClientWorld : IDisposable
{
    public const long Millisecond = 1_000;
    public const long Second = 1_000_000;
    public const int Laptop = 1;

    public static readonly IpAddress Address = IpAddress.Parse("100.64.0.2");
    public static readonly IpAddress Web = IpAddress.Parse("192.168.1.20");
    public static readonly IpAddress Files = IpAddress.Parse("192.168.1.21");
    public static readonly IpAddress OfficeOverlay = IpAddress.Parse("100.96.0.1");
    public static readonly IpAddress BranchOverlay = IpAddress.Parse("100.96.0.2");

    private const int HeaderLength = 20 + 8;

    private readonly PriorityQueue<Flight, (long At, int Order)> _flights = new();
    private readonly PrivateKey _relayKey = PrivateKey.Generate(new SeededRandom(1));
    private readonly PrivateKey _key = PrivateKey.Generate(new SeededRandom(2));
    private readonly Port _relayPort;
    private int _order;

    /// <param name="applies">False when the caller applies the table, after it has changed something.</param>
    /// <param name="laptop">The client's own address; those of the connectors likewise. Where they are not public, <see cref="Network"/> translates them.</param>
    public ClientWorld(bool branch = false, string laptop = "198.51.100.1:5000", string office1 = "203.0.113.1:6000", string office2 = "203.0.113.2:6000", bool directPaths = true, bool applies = true)
    {
        Office1 = new SiteNode(this, 11, "office-1", office1);
        Office2 = new SiteNode(this, 12, "office-2", office2);
        Branch = new SiteNode(this, 13, "branch-1", "203.0.113.3:6000");
        _relayPort = new Port(this, RelayWorld.RelayEndpoint);
        ClientPort = new Port(this, RelayWorld.End(laptop));
        Relay = new RelayState(new RelayStateOptions
        {
            PrivateKey = _relayKey,
            RandomSource = new SeededRandom(3),
            Output = _relayPort,
            TimestampAtZero = RelayWorld.Epoch,
            MaximumAgents = 16,
            MaximumFlows = 16,
        });
        State = new ClientState(new ClientOptions
        {
            PrivateKey = _key,
            RandomSource = new SeededRandom(4),
            TimestampAtZero = RelayWorld.Epoch,
            Output = ClientPort,
            Slots = ClientPort,
            DirectPaths = directPaths,
        });
        Table = new Table
        {
            Revision = 1,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10", "fd00::/48"],
            Relays = [new RelayRow(1, "vps", _relayKey.PublicKey.ToString(), [RelayWorld.RelayEndpoint.ToString()], Gateway: false)],
            Sites = [new SiteRow(1, "office"), new SiteRow(2, "branch")],
            Peers =
            [
                new PeerRow(Laptop, PeerKind.Machine, "laptop", _key.PublicKey.ToString(), null, ["100.64.0.2", "fd00::2"], null, false, false),
                Office1.Row(1), Office2.Row(1), Branch.Row(2),
            ],
            Resources =
            [
                new ResourceRow(1, 1, "web", "192.168.1.20", ["100.96.0.1/32"], null, [new PortRange(80, 80)], [new PortRange(53, 53)], true),
                new ResourceRow(2, 1, "files", "192.168.1.21", ["100.96.0.3/32"], null, [new PortRange(80, 80)], [new PortRange(53, 53)], true),
                new ResourceRow(3, 2, "branch-web", "192.168.1.20", ["100.96.0.2/32"], null, [new PortRange(80, 80)], [new PortRange(53, 53)], true),
            ],
            Grants = [branch ? new GrantRow(Laptop, [1, 3], [1, 3]) : new GrantRow(Laptop, [1], [])],
        };
        if (applies)
            Apply();
    }

    public long Now { get; private set; } = 10 * Second;

    public RelayState Relay { get; }

    public ClientState State { get; }

    public Port ClientPort { get; }

    public SiteNode Office1 { get; }

    public SiteNode Office2 { get; }

    public SiteNode Branch { get; }

    public Table Table { get; private set; }

    /// <summary>Packets that came out at the client.</summary>
    public List<byte[]> Received { get; } = [];

    /// <summary>All that the relay sent.</summary>
    public List<Flight> FromRelay { get; } = [];

    /// <summary>False for a flight that is lost.</summary>
    public Func<Flight, bool> Delivers { get; set; } = _ => true;

    /// <summary>What a flight is as it leaves and as it arrives; null when it ends there.</summary>
    public (Func<Flight, Flight?> Leaves, Func<Flight, Flight?> Arrives) Network { get; set; } = (flight => flight, flight => flight);

    /// <summary>How long a flight takes.</summary>
    public Func<Flight, long> Latency { get; set; } = _ => 5 * Millisecond;

    public IReadOnlyList<SiteNode> Nodes => field ??= [Office1, Office2, Branch];

    /// <summary>Everybody follows the table at once.</summary>
    public void Apply(Func<Table, Table>? change = null)
    {
        if (change is not null)
            Table = change(Table) with { Revision = Table.Revision + 1 };
        Relay.Apply(1, Table, Now);
        foreach (var node in Nodes)
            node.State.Apply(ConnectorRoster.Compile(Table, node.Id), Now);
        State.Apply(ClientRoster.Compile(Table, Laptop), Now);
    }

    /// <summary>Sends a packet of the client; the reason when it was refused.</summary>
    public ClientDropReason? Send(byte[] packet) => State.Send(packet, Now, out var reason) ? null : reason;

    /// <summary>Sends a datagram of one flow and says whether the answer came within <paramref name="patience"/>.</summary>
    public bool Asks(IpAddress destination, ushort port, long patience = 200 * Millisecond)
    {
        Received.Clear();
        Send(Packet.Udp(Address, port, destination, 53));
        Run(patience);
        return Received.Count == 1;
    }

    /// <summary>Bytes of the longest datagram with IPv4 and UDP around it that the link carries; longer ones are cut in fragments.</summary>
    public Func<Flight, int> LinkMtu { get; set; } = _ => 1500;

    /// <summary>Fragments are lost, as many translators and firewalls lose them.</summary>
    public bool DropsFragments { get; set; }

    public void Fly(Flight flight)
    {
        if (flight.Bytes.Length + HeaderLength > LinkMtu(flight))
        {
            if (flight.IsWhole || DropsFragments)
                return;
            flight = flight with { IsFragmented = true };
        }

        if (flight.Source == RelayWorld.RelayEndpoint)
            FromRelay.Add(flight);
        if (Delivers(flight) && Network.Leaves(flight) is { } left)
            _flights.Enqueue(left, (Now + Latency(left), _order++));
    }

    public void Run(long duration)
    {
        for (long end = Now + duration; ;)
        {
            State.Flush(Now);
            long next = Math.Min(State.NextDeadline, Relay.NextDeadline);
            foreach (var node in Nodes)
                next = Math.Min(next, node.NextDeadline);
            if (_flights.TryPeek(out _, out var first))
                next = Math.Min(next, first.At);
            if (next > end)
            {
                Now = end;
                return;
            }

            Now = Math.Max(Now, next);
            while (_flights.TryPeek(out _, out first) && first.At <= Now)
            {
                if (Network.Arrives(_flights.Dequeue()) is { } arrived)
                    Arrive(arrived);
            }

            State.Tick(Now);
            Relay.Tick(Now);
            foreach (var node in Nodes)
                node.Tick(Now);
        }
    }

    public void Dispose()
    {
        State.Dispose();
        Relay.Dispose();
        foreach (var node in Nodes)
            node.Dispose();
        _key.Dispose();
        _relayKey.Dispose();
    }

    private void Arrive(Flight flight)
    {
        byte[] room = new byte[flight.Bytes.Length + 64];
        flight.Bytes.CopyTo(room, 0);
        if (flight.Destination == RelayWorld.RelayEndpoint)
        {
            if (Relay.Receive(room, flight.Bytes.Length, flight.Source, Now, out var forward))
                Fly(new Flight(RelayWorld.RelayEndpoint, forward.Destination, room[..forward.Length]));
        }
        else if (flight.Destination == ClientPort.Endpoint)
        {
            if (State.Receive(room.AsSpan(0, flight.Bytes.Length), flight.Source, Now, out var packet, flight.IsFragmented))
                Received.Add(packet.ToArray());
        }
        else
        {
            Nodes.FirstOrDefault(node => node.Port.Endpoint == flight.Destination)?.Receive(room.AsSpan(0, flight.Bytes.Length), flight.Source, Now, flight.IsFragmented);
        }
    }
}
