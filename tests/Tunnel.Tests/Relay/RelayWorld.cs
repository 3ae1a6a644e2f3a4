using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>
/// A relay, agents, and a network with one latency between them, under a clock that only <see cref="Run"/> moves.
/// <code>
/// phone (198.51.100.1)  ─┐                      ┌─ office-1, office-2 (203.0.113.1, .2): site 1
/// tablet (198.51.100.2) ─┴─ relay (192.0.2.10) ─┴─ lab-1 (203.0.113.11): site 2
/// </code>
/// </summary>
internal sealed class RelayWorld : IDatagramOutput, IDisposable
{
    public const long Millisecond = 1_000;
    public const long Second = 1_000_000;
    public const long Latency = 5 * Millisecond;

    public static readonly Tai64n Epoch = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000);
    public static readonly IpEndpoint RelayEndpoint = End("192.0.2.10:21820");
    public static readonly IpAddress PhoneAddress = IpAddress.Parse("100.64.0.2");
    public static readonly IpAddress PhoneAddress6 = IpAddress.Parse("fd00::2");
    public static readonly IpAddress TabletAddress = IpAddress.Parse("100.64.0.3");
    public static readonly IpAddress Web = IpAddress.Parse("192.168.1.20");
    public static readonly IpAddress Printer = IpAddress.Parse("192.168.1.30");
    public static readonly IpAddress WebOverlay = IpAddress.Parse("100.64.1.20");
    public static readonly IpAddress WebOverlay6 = IpAddress.Parse("fd00::1:20");
    public static readonly IpAddress LabOverlay = IpAddress.Parse("100.64.2.20");

    private readonly PriorityQueue<Flight, (long At, int Order)> _flights = new();
    private readonly List<SimulatedAgent> _agents = [];
    private readonly Func<RelayStateOptions, RelayStateOptions>? _configure;
    private int _order;

    public RelayWorld(Func<RelayStateOptions, RelayStateOptions>? configure = null)
    {
        _configure = configure;
        RelayKey = PrivateKey.Generate(new SeededRandom(99));
        Phone = Add(new SimulatedAgent(this, 1, PeerKind.ExternalClient, "phone", End("198.51.100.1:5000"), stock: true, null, "100.64.0.2", "fd00::2"));
        Tablet = Add(new SimulatedAgent(this, 2, PeerKind.ExternalClient, "tablet", End("198.51.100.2:5000"), stock: true, null, "100.64.0.3", "fd00::3"));
        Office1 = Add(new SimulatedAgent(this, 11, PeerKind.Connector, "office-1", End("203.0.113.1:6000"), stock: false, 1));
        Office2 = Add(new SimulatedAgent(this, 12, PeerKind.Connector, "office-2", End("203.0.113.2:6000"), stock: false, 1));
        Lab1 = Add(new SimulatedAgent(this, 13, PeerKind.Connector, "lab-1", End("203.0.113.11:6000"), stock: false, 2));
        Table = DefaultTable();
        State = Start();
    }

    public long Now { get; set; } = 10 * Second;

    public PrivateKey RelayKey { get; }

    public MemoryJournal Journal { get; } = new(64, 256, 128);

    public RelayState State { get; private set; }

    public Table Table { get; set; }

    public SimulatedAgent Phone { get; }

    public SimulatedAgent Tablet { get; }

    public SimulatedAgent Office1 { get; }

    public SimulatedAgent Office2 { get; }

    public SimulatedAgent Lab1 { get; }

    /// <summary>Everything that left the relay.</summary>
    public List<Flight> FromRelay { get; } = [];

    /// <summary>False for a flight that is lost.</summary>
    public Func<Flight, bool> Delivers { get; set; } = _ => true;

    /// <summary>A killed relay hears nothing.</summary>
    public bool RelayIsDead { get; set; }

    public static IpEndpoint End(string text) => IpEndpoint.TryParse(text, out var endpoint) ? endpoint : throw new FormatException(text);

    public Table DefaultTable() => new()
    {
        Revision = 1,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10", "fd00::/48"],
        Relays = [new RelayRow(1, "vps", RelayKey.PublicKey.ToString(), [RelayEndpoint.ToString()], Gateway: true)],
        Sites = [new SiteRow(1, "office"), new SiteRow(2, "lab")],
        Peers = [.. _agents.Select(agent => agent.Row)],
        Resources =
        [
            new ResourceRow(1, 1, "web", "192.168.1.20", ["100.64.1.20/32", "fd00::1:20/128"], null, [new PortRange(80, 80)], [new PortRange(53, 53)], Icmp: true),
            new ResourceRow(2, 1, "printer", "192.168.1.30", ["100.64.1.30/32", "fd00::1:30/128"], null, [new PortRange(9100, 9100)], [], Icmp: false),
            new ResourceRow(3, 2, "lab-web", "192.168.1.20", ["100.64.2.20/32", "fd00::2:20/128"], null, [new PortRange(80, 80)], [], Icmp: true),
        ],
        Grants = [new GrantRow(1, [1, 3], OverlayOnly: [3]), new GrantRow(2, [1], [])],
    };

    /// <summary>A new process of the relay on the journal of the one before.</summary>
    public RelayState Start()
    {
        State?.Dispose();
        var options = new RelayStateOptions
        {
            PrivateKey = RelayKey,
            RandomSource = new SeededRandom((int)(Now / Millisecond)),
            Output = this,
            TimestampAtZero = Epoch,
            Journal = Journal,
            MaximumAgents = 64,
            MaximumFlows = 256,
            MaximumEntries = 256,
        };
        State = new RelayState(_configure?.Invoke(options) ?? options);
        State.Apply(1, Table, Now);
        RelayIsDead = false;
        return State;
    }

    public void Apply(Func<Table, Table> change)
    {
        Table = change(Table) with { Revision = Table.Revision + 1 };
        State.Apply(1, Table, Now);
    }

    /// <summary>All agents have sessions and confirmed addresses.</summary>
    public RelayWorld Registered()
    {
        Run(2 * Second);
        foreach (var agent in _agents.Where(agent => !agent.Row.Stock))
            agent.SendHello();
        Run(100 * Millisecond);
        foreach (var agent in _agents)
        {
            Assert.Equal(agent.Endpoint, Status(agent).Address);
            agent.Messages.Clear();
        }

        FromRelay.Clear();
        return this;
    }

    /// <summary>Another device with the configuration of an agent.</summary>
    public SimulatedAgent AddTwin(SimulatedAgent agent, IpEndpoint endpoint) => Add(new SimulatedAgent(this, agent, endpoint));

    public RelayAgentStatus Status(SimulatedAgent agent) => State.Describe(Now).Single(status => status.Id == agent.Row.Id);

    /// <summary>From an agent or an attacker.</summary>
    public void Send(Flight flight)
    {
        if (Delivers(flight))
            _flights.Enqueue(flight, (Now + Latency, _order++));
    }

    /// <summary>From the relay by itself.</summary>
    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => SendFromRelay(new Flight(RelayEndpoint, destination, datagram.ToArray()));

    public void Run(long duration)
    {
        long end = Now + duration;
        while (true)
        {
            long next = Math.Min(RelayIsDead ? long.MaxValue : State.NextDeadline, _agents.Where(agent => !agent.IsDead).Min(agent => agent.Device.NextDeadline));
            if (_flights.TryPeek(out _, out var first))
                next = Math.Min(next, first.At);
            if (next > end)
                break;
            Now = Math.Max(Now, next);
            Step();
        }

        Now = end;
    }

    public void Dispose()
    {
        State.Dispose();
        _agents.ForEach(agent => agent.Dispose());
        RelayKey.Dispose();
    }

    private void Step()
    {
        while (_flights.TryPeek(out _, out var first) && first.At <= Now)
            Arrive(_flights.Dequeue());
        if (!RelayIsDead)
            State.Tick(Now);
        foreach (var agent in _agents.Where(agent => !agent.IsDead))
            agent.Device.Tick(Now);
    }

    private void Arrive(Flight flight)
    {
        if (flight.Destination != RelayEndpoint)
        {
            _agents.Find(agent => agent.Endpoint == flight.Destination)?.Receive(flight);
            return;
        }

        if (RelayIsDead)
            return;
        byte[] room = new byte[2048];
        flight.Bytes.CopyTo(room, 0);
        if (State.Receive(room, flight.Bytes.Length, flight.Source, Now, out var forward))
            SendFromRelay(new Flight(RelayEndpoint, forward.Destination, room[..forward.Length]));
    }

    private void SendFromRelay(Flight flight)
    {
        FromRelay.Add(flight);
        Send(flight);
    }

    private SimulatedAgent Add(SimulatedAgent agent)
    {
        _agents.Add(agent);
        return agent;
    }
}
