using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Connector;

/// <summary>
/// A <see cref="ConnectorState"/>, two relays, and a network with one latency between them, under a clock that only <see cref="Run"/> moves.
/// <code>
/// relay-1 (192.0.2.10) ─┬─ connector (203.0.113.1)
/// relay-2 (192.0.2.20) ─┘
/// </code>
/// </summary>
internal sealed class ConnectorWorld : IDatagramOutput, IDatagramSlots, IDisposable
{
    public const long Millisecond = 1_000;
    public const long Second = 1_000_000;
    public const long Latency = 5 * Millisecond;
    public const int Connector = 11;
    public const int Phone = 1;
    public const int Machine = 2;
    public const int Stranger = 3;

    public static readonly IpEndpoint ConnectorEndpoint = RelayWorld.End("203.0.113.1:6000");
    public static readonly IpAddress PhoneAddress = IpAddress.Parse("100.64.0.2");
    public static readonly IpAddress PhoneAddress6 = IpAddress.Parse("fd00::2");
    public static readonly IpAddress MachineAddress = IpAddress.Parse("100.64.0.3");
    public static readonly IpAddress StrangerAddress = IpAddress.Parse("100.64.0.4");
    public static readonly IpAddress Web = IpAddress.Parse("192.168.1.20");

    private readonly PriorityQueue<Flight, (long At, int Order)> _flights = new();
    private readonly PrivateKey _key = PrivateKey.Generate(new SeededRandom(5));
    private readonly byte[] _slot = new byte[1 << 17];
    private readonly ClientPacket[] _packet = new ClientPacket[64];
    private int _reserved;
    private int _order;

    public ConnectorWorld()
    {
        State = new ConnectorState(new ConnectorOptions
        {
            PrivateKey = _key,
            RandomSource = new SeededRandom(6),
            TimestampAtZero = RelayWorld.Epoch,
            Output = this,
            Slots = this,
        });
        Relay1 = new FakeRelay(this, 1, "192.0.2.10:21820");
        Relay2 = new FakeRelay(this, 2, "192.0.2.20:21820");
        Relay1.Boot(_key.PublicKey);
        Relay2.Boot(_key.PublicKey);
        Table = new Table
        {
            Revision = 1,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10", "fd00::/48"],
            Relays = [Relay1.Row],
            Sites = [new SiteRow(1, "office")],
            Peers =
            [
                new PeerRow(Connector, PeerKind.Connector, "office-1", _key.PublicKey.ToString(), null, [], 1, false, false),
                new PeerRow(Phone, PeerKind.ExternalClient, "phone", null, null, ["100.64.0.2", "fd00::2"], null, true, false),
                new PeerRow(Machine, PeerKind.Machine, "ci", null, null, ["100.64.0.3"], null, false, false),
                new PeerRow(Stranger, PeerKind.ExternalClient, "stranger", null, null, ["100.64.0.4"], null, true, false),
            ],
            Resources = [new ResourceRow(1, 1, "web", "192.168.1.20", [], null, [new PortRange(80, 80)], [], true)],
            Grants = [new GrantRow(Phone, [1], []), new GrantRow(Machine, [1], []), new GrantRow(Stranger, [], [])],
        };
    }

    public long Now { get; set; } = 10 * Second;

    public ConnectorState State { get; }

    public FakeRelay Relay1 { get; }

    public FakeRelay Relay2 { get; }

    public PublicKey PublicKey => _key.PublicKey;

    public Table Table { get; private set; }

    /// <summary>Everything that left the connector.</summary>
    public List<Flight> FromConnector { get; } = [];

    /// <summary>Packets of clients that the connector let in.</summary>
    public List<(int Client, byte[] Packet)> Entered { get; } = [];

    /// <summary>False for a flight that is lost.</summary>
    public Func<Flight, bool> Delivers { get; set; } = _ => true;

    /// <summary>When false nothing of the connector is kept or delivered: for measurements.</summary>
    public bool Records { get; set; } = true;

    public Span<byte> Reserved => _slot.AsSpan(0, _reserved);

    public RegistrationStatus Status => State.Registrations()[0];

    public void Apply(Func<Table, Table>? change = null)
    {
        if (change is not null)
            Table = change(Table) with { Revision = Table.Revision + 1 };
        State.Apply(ConnectorRoster.Compile(Table, Connector), Now);
    }

    /// <summary>Registered at the relays of the table.</summary>
    public ConnectorWorld Registered(Func<Table, Table>? change = null)
    {
        Apply(change);
        Run(Second);
        Assert.All(State.Registrations(), relay => Assert.Equal(RegistrationState.Live, relay.State));
        return this;
    }

    public Span<byte> Reserve(int length)
    {
        _reserved = length;
        return _slot.AsSpan(0, length);
    }

    public void CommitWhole(in IpEndpoint destination, int offset, int length) => Commit(destination, offset, length);

    public void Commit(in IpEndpoint destination, int offset, int length)
    {
        if (Records)
            Leave(new Flight(ConnectorEndpoint, destination, _slot.AsSpan(offset, length).ToArray()));
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (Records)
            Leave(new Flight(ConnectorEndpoint, destination, datagram.ToArray()));
    }

    /// <summary>From a relay or an attacker.</summary>
    public void Send(Flight flight)
    {
        if (Delivers(flight))
            _flights.Enqueue(flight, (Now + Latency, _order++));
    }

    /// <summary>What the connector's flows would send.</summary>
    public bool Answer(int client, byte[] packet)
    {
        var room = State.Rent(client, packet.Length);
        if (room.IsEmpty)
            return false;
        packet.CopyTo(room);
        State.Commit(client, packet.Length);
        State.Flush(Now);
        return true;
    }

    /// <summary>One datagram to the connector, opened in place; true when it held a packet of a client.</summary>
    public bool Receive(byte[] datagram, in IpEndpoint source, out int client, out byte[] packet)
    {
        bool isPacket = State.Receive(datagram, datagram.Length, source, Now, _packet) == 1;
        (client, packet) = isPacket ? (_packet[0].Client, datagram[_packet[0].Offset..(_packet[0].Offset + _packet[0].Length)]) : (0, []);
        return isPacket;
    }

    public void Run(long duration)
    {
        long end = Now + duration;
        while (true)
        {
            long next = State.NextDeadline;
            foreach (var relay in new[] { Relay1, Relay2 })
                next = Math.Min(next, relay.IsDead ? long.MaxValue : relay.Device.NextDeadline);
            if (_flights.TryPeek(out _, out var first))
                next = Math.Min(next, first.At);
            if (next > end)
                break;
            Now = Math.Max(Now, next);
            while (_flights.TryPeek(out _, out first) && first.At <= Now)
                Arrive(_flights.Dequeue());
            State.Tick(Now);
            foreach (var relay in new[] { Relay1, Relay2 })
            {
                if (!relay.IsDead)
                    relay.Device.Tick(Now);
            }
        }

        Now = end;
    }

    /// <summary>Runs while the phone sends a packet every <paramref name="interval"/> and its target answers each.</summary>
    public void RunWithTraffic(long duration, long interval = 100 * Millisecond)
    {
        for (long end = Now + duration; Now < end;)
        {
            Relay1.SendPayload(Packet.Udp(PhoneAddress, 1000, Web, 53));
            Answer(Phone, Packet.Udp(Web, 53, PhoneAddress, 1000));
            Run(interval);
        }
    }

    public void Dispose()
    {
        State.Dispose();
        Relay1.Dispose();
        Relay2.Dispose();
        _key.Dispose();
    }

    private void Leave(Flight flight)
    {
        FromConnector.Add(flight);
        Send(flight);
    }

    private void Arrive(Flight flight)
    {
        if (flight.Destination == Relay1.Endpoint)
            Relay1.Receive(flight);
        else if (flight.Destination == Relay2.Endpoint)
            Relay2.Receive(flight);
        else if (flight.Destination == ConnectorEndpoint && Receive([.. flight.Bytes], flight.Source, out int client, out byte[] packet))
            Entered.Add((client, packet));
    }
}
