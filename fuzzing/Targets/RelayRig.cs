using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>A relay as the gateway between one stock app and one connector, both registered and confirmed.</summary>
internal sealed class RelayRig : IDatagramOutput, IDisposable
{
    internal const int OperationCount = 7;

    private const int RoomLength = 2048;

    private static readonly PrivateKey RelayKey = new(Enumerable.Repeat((byte)0x31, 32).ToArray());
    private static readonly Tai64n Epoch = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000);
    private static readonly IpEndpoint RelayAt = new(IpAddress.Parse("192.0.2.10"), 21820);

    private readonly RelayState _state;
    private readonly RelayRigAgent _client;
    private readonly RelayRigAgent _connector;
    private readonly Queue<(IpEndpoint To, byte[] Bytes)> _fromRelay = new();

    private Outcome _outcome;
    private long _now = 1_000_000;
    private long _revision = 1;
    private bool _granted = true;
    private int _answered;

    internal RelayRig()
    {
        _client = new RelayRigAgent(0x32, new IpEndpoint(IpAddress.Parse("198.51.100.1"), 5000), RelayKey.PublicKey, RelayAt, Epoch);
        _connector = new RelayRigAgent(0x33, new IpEndpoint(IpAddress.Parse("203.0.113.1"), 6000), RelayKey.PublicKey, RelayAt, Epoch);
        _state = new RelayState(new RelayStateOptions
        {
            PrivateKey = RelayKey,
            RandomSource = new SeededRandom(7),
            Output = this,
            TimestampAtZero = Epoch,
            MaximumAgents = 8,
            MaximumFlows = 8,
            MaximumFlowsPerClient = 4,
        });
        _state.Apply(1, Table(), _now);
        _client.Register(_now);
        _connector.Register(_now);
        Settle();
        _connector.Hello(_now);
        Wait(1_000_000);
    }

    internal ulong Outcome => _outcome.Value;

    internal void Step(ref OperationReader reader)
    {
        int operation = reader.Byte() % OperationCount;
        _outcome.Add(operation);
        switch (operation)
        {
            case 0:
                _client.Seal(reader.Block(), _now);
                break;
            case 1:
                _connector.Seal(reader.Block(), _now);
                break;
            case 2:
                Stranger(reader.Byte(), reader.Block());
                break;
            case 3:
                Roam(reader.Byte(), reader.Block());
                break;
            case 4:
                if (_client.LastSent is { } last)
                    Stranger(reader.Byte(), [.. last]);
                break;
            case 5:
                Wait(reader.Below(400) * 1_000_000L);
                break;
            default:
                _granted = !_granted;
                _revision++;
                _state.Apply(1, Table(), _now);
                break;
        }

        Settle();
        Promise.Holds(_state.FlowCount <= 8 && _state.AgentCount <= 8);
        Promise.Holds(_client.Endpoint == _client.Home || _client.HasRoamed);
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        _answered += datagram.Length;
        if (_fromRelay.Count < 64)
            _fromRelay.Enqueue((destination, datagram.ToArray()));
    }

    public void Dispose()
    {
        _state.Dispose();
        _client.Dispose();
        _connector.Dispose();
    }

    /// <summary>Somebody without a key: a new datagram, or a copy of one that was seen.</summary>
    private void Stranger(byte port, Span<byte> datagram)
    {
        _answered = 0;
        var from = new IpEndpoint(IpAddress.Parse("198.51.100.66"), (ushort)(6000 + port));
        bool forwarded = Arrive(datagram, from);
        // A copy of a packet that never arrived is the packet: it may be forwarded, but proves no address.
        Promise.Holds(forwarded || _answered <= Math.Max(datagram.Length, 0) || datagram.Length == 0);
        Promise.Holds(_state.Describe(_now).All(agent => agent.Address != from));
    }

    /// <summary>The client itself at another address.</summary>
    private void Roam(byte port, Span<byte> packet)
    {
        _client.Roam((ushort)(7000 + port));
        _client.Seal(packet, _now);
    }

    private bool Arrive(ReadOnlySpan<byte> datagram, in IpEndpoint from)
    {
        byte[] room = new byte[Math.Max(RoomLength, datagram.Length)];
        datagram.CopyTo(room);
        bool forwarded = _state.Receive(room, datagram.Length, from, _now, out var forward);
        _outcome.Add(forwarded);
        if (!forwarded)
            return false;
        Promise.Holds(forward.Length <= room.Length);
        Promise.Holds(forward.Destination == _connector.Endpoint || forward.Destination == _client.Endpoint || forward.Destination == _client.Home);
        Promise.Holds(Message.TypeOf(room.AsSpan(0, forward.Length)) == MessageType.TransportData);
        _fromRelay.Enqueue((forward.Destination, room[..forward.Length]));
        return true;
    }

    /// <summary>Everything that is under way arrives.</summary>
    private void Settle()
    {
        for (int i = 0; i < 200; i++)
        {
            if (_client.Outbox.TryDequeue(out byte[]? fromClient))
                Arrive(fromClient, _client.Endpoint);
            else if (_connector.Outbox.TryDequeue(out byte[]? fromConnector))
                Arrive(fromConnector, _connector.Endpoint);
            else if (_fromRelay.TryDequeue(out var flight))
                Deliver(flight.To, flight.Bytes);
            else
                return;
        }

        // Bounded by construction: whoever still answers answers for ever.
        throw new FuzzFailureException("agents and relay keep answering each other without time passing");
    }

    private void Deliver(in IpEndpoint to, byte[] datagram)
    {
        var agent = to == _client.Endpoint ? _client : to == _connector.Endpoint ? _connector : null;
        if (agent is not null)
            _outcome.Add((long)agent.Receive(datagram, RelayAt, _now));
    }

    private void Wait(long time)
    {
        long end = _now + time;
        for (int i = 0; ; i++)
        {
            Promise.Holds(i < 500_000);
            long next = Math.Min(_state.NextDeadline, Math.Min(_client.NextDeadline, _connector.NextDeadline));
            if (next > end)
                break;
            _now = Math.Max(_now, next);
            _state.Tick(_now);
            _client.Tick(_now);
            _connector.Tick(_now);
            Settle();
        }

        _now = end;
    }

    private Table Table() => new()
    {
        Revision = _revision,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10", "fd00::/48"],
        Relays = [new RelayRow(1, "vps", RelayKey.PublicKey.ToString(), [RelayAt.ToString()], Gateway: true)],
        Sites = [new SiteRow(1, "office")],
        Peers =
        [
            new PeerRow(1, PeerKind.ExternalClient, "phone", _client.PublicKey.ToString(), null, ["100.64.0.2", "fd00::2"], null, Stock: true, Draining: false),
            new PeerRow(2, PeerKind.Connector, "office-1", _connector.PublicKey.ToString(), null, [], 1, Stock: false, Draining: false),
        ],
        Resources =
        [
            new ResourceRow(1, 1, "web", "192.168.1.20", ["100.64.1.20/32", "fd00:0:0:1::20/128"], null, [new PortRange(1, 65535)], [new PortRange(1, 65535)], Icmp: true),
        ],
        Grants = _granted ? [new GrantRow(1, [1], [])] : [],
    };
}
