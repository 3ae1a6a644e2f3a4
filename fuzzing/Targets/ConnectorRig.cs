using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>A connector that is registered at one relay, which is a bare device: it says whatever the input says.</summary>
internal sealed class ConnectorRig : IDatagramOutput, IDatagramSlots, IDisposable
{
    internal const int OperationCount = 8;

    private const int ClientId = 1;
    private const int MostPayloadLength = 1600;

    private static readonly PrivateKey ConnectorKey = new(Enumerable.Repeat((byte)0x41, 32).ToArray());
    private static readonly PrivateKey RelayKey = new(Enumerable.Repeat((byte)0x42, 32).ToArray());
    private static readonly Tai64n Epoch = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000);
    private static readonly IpEndpoint RelayAt = new(IpAddress.Parse("192.0.2.10"), 21820);
    private static readonly IpEndpoint ConnectorAt = new(IpAddress.Parse("203.0.113.1"), 6000);
    private static readonly IpAddress Overlay = IpAddress.Parse("100.64.1.20");

    private readonly ConnectorState _state;
    private readonly Device _relay;
    private readonly Peer _relayPeer;
    private readonly RelaySide _relaySide = new();
    private readonly byte[] _slot = new byte[1 << 17];
    private readonly ClientPacket[] _packet = new ClientPacket[1];
    private readonly Queue<byte[]> _toRelay = new();

    private AccessRules _rules = AccessRules.None;
    private Outcome _outcome;
    private long _now = 1_000_000;
    private long _revision;
    private bool _granted;
    private bool _relayIsDeaf;
    private int _reserved;
    private int _answered;

    internal ConnectorRig()
    {
        _state = new ConnectorState(new ConnectorOptions
        {
            PrivateKey = ConnectorKey,
            RandomSource = new SeededRandom(3),
            TimestampAtZero = Epoch,
            Output = this,
            Slots = this,
        });
        _relay = new Device(new DeviceOptions
        {
            PrivateKey = RelayKey,
            RandomSource = new SeededRandom(4),
            Output = _relaySide,
            TimestampAtZero = Epoch,
            MaximumPeers = 1,
        });
        _relayPeer = _relay.AddPeer(new PeerOptions
        {
            PublicKey = ConnectorKey.PublicKey,
            AllowedIps = [IpPrefix.Parse("0.0.0.0/0"), IpPrefix.Parse("::/0")],
            Endpoint = ConnectorAt,
        });
        Toggle();
        Wait(3_000_000);
    }

    internal ulong Outcome => _outcome.Value;

    public Span<byte> Reserved => _slot.AsSpan(0, _reserved);

    internal void Step(ref OperationReader reader)
    {
        int operation = reader.Byte() % OperationCount;
        _outcome.Add(operation);
        switch (operation)
        {
            case 0:
                FromRelay(reader.Block());
                break;
            case 1:
                Stranger(reader.Block(), new IpEndpoint(IpAddress.Parse("198.51.100.66"), 6000), known: false);
                break;
            case 2:
                Stranger(reader.Block(), RelayAt, known: true);
                break;
            case 3:
                ToClient(reader.Byte() + 20);
                break;
            case 4:
                Toggle();
                break;
            case 5:
                Wait(reader.Below(400) * 1_000_000L);
                break;
            case 6:
                _relayIsDeaf = !_relayIsDeaf;
                break;
            default:
                _state.Drain(_now);
                break;
        }

        Settle();
        _outcome.Add(_state.IsRegistered);
        Promise.Holds(_state.ClientCount == (_granted ? 1 : 0));
    }

    public Span<byte> Reserve(int length)
    {
        _reserved = length;
        return Reserved;
    }

    public void Commit(in IpEndpoint destination, int offset, int length)
    {
        Promise.Holds(offset >= 0 && offset + length <= _reserved);
        Send(destination, _slot.AsSpan(offset, length), null);
    }

    public void CommitWhole(in IpEndpoint destination, int offset, int length) => Commit(destination, offset, length);

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        _answered += datagram.Length;
        // A connector talks to its relays and to nobody else.
        Promise.Holds(destination == RelayAt);
        if (_toRelay.Count < 64)
            _toRelay.Enqueue(datagram.ToArray());
    }

    public void Dispose()
    {
        _state.Dispose();
        _relay.Dispose();
    }

    private void FromRelay(ReadOnlySpan<byte> payload)
    {
        payload = payload[..Math.Min(payload.Length, MostPayloadLength)];
        byte[] buffer = new byte[TransportMessage.PacketOffset + payload.Length + 64];
        payload.CopyTo(buffer.AsSpan(TransportMessage.PacketOffset));
        var result = _relay.Seal(_relayPeer, buffer, payload.Length, _now);
        if (result.Kind == SealKind.Sealed)
            Receive(buffer.AsSpan(0, result.Length), RelayAt);
    }

    private void Stranger(Span<byte> datagram, in IpEndpoint from, bool known)
    {
        _answered = 0;
        bool opened = Receive(datagram, from);
        Promise.Holds(!opened);
        Promise.Holds(known ? _answered <= datagram.Length : _answered == 0);
    }

    private bool Receive(Span<byte> datagram, in IpEndpoint from)
    {
        if (_state.Receive(datagram, datagram.Length, from, _now, _packet) == 0)
            return false;
        var packet = _packet[0];
        Promise.Holds(_granted && packet.Client == ClientId);
        _outcome.Add(1000);
        if (!IpView.TryParse(datagram.Slice(packet.Offset, packet.Length), out var ip))
            return true;
        Promise.Holds(ip.Source == SamplePackets.Client4 || ip.Source == SamplePackets.Client6);
        ushort port = ip.TryGetFlow(out var flow) ? flow.DestinationPort : (ushort)0;
        var verdict = _rules.Decide(packet.Client, ip.Source, ip.Destination, ip.Protocol, port, out var target);
        _outcome.Add((long)verdict);
        // The one resource of the table: nothing else is ever opened.
        if (verdict == AccessVerdict.Allowed)
            Promise.Holds(target.Address == SamplePackets.Target4 && (ip.Destination == SamplePackets.Target4 || ip.Destination == Overlay) && port != 666);
        return true;
    }

    private void ToClient(int length)
    {
        var room = _state.Rent(ClientId, length);
        _outcome.Add(room.IsEmpty);
        if (room.IsEmpty)
            return;
        Promise.Holds(room.Length == length);
        room.Clear();
        room[0] = 0x45;
        _state.Commit(ClientId, length);
        _state.Flush(_now);
    }

    private void Toggle()
    {
        _granted = !_granted;
        _revision++;
        var table = Table();
        _rules = AccessRules.Compile(table);
        _state.Apply(ConnectorRoster.Compile(table, 2), _now);
    }

    private void Settle()
    {
        for (int i = 0; i < 200; i++)
        {
            if (_toRelay.TryDequeue(out byte[]? datagram))
            {
                if (!_relayIsDeaf)
                    _relay.Receive(datagram, ConnectorAt, _now);
            }
            else if (_relaySide.ToConnector.TryDequeue(out datagram))
            {
                Receive(datagram, RelayAt);
            }
            else
            {
                return;
            }
        }

        throw new FuzzFailureException("connector and relay keep answering each other without time passing");
    }

    private void Wait(long time)
    {
        long end = _now + time;
        Settle();
        for (int i = 0; Math.Min(_state.NextDeadline, _relay.NextDeadline) <= end; i++)
        {
            Promise.Holds(i < 500_000);
            _now = Math.Max(_now, Math.Min(_state.NextDeadline, _relay.NextDeadline));
            _state.Tick(_now);
            _relay.Tick(_now);
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
            new PeerRow(ClientId, PeerKind.ExternalClient, "phone", null, null, [SamplePackets.Client4.ToString(), SamplePackets.Client6.ToString()], null, Stock: true, Draining: false),
            new PeerRow(2, PeerKind.Connector, "office-1", ConnectorKey.PublicKey.ToString(), null, [], 1, Stock: false, Draining: false),
        ],
        Resources =
        [
            new ResourceRow(1, 1, "web", SamplePackets.Target4.ToString(), [IpPrefix.Host(Overlay).ToString()], null, [new PortRange(1, 665), new PortRange(667, 65535)], [new PortRange(1, 665)], Icmp: false),
        ],
        Grants = _granted ? [new GrantRow(ClientId, [1], [])] : [],
    };

    private sealed class RelaySide : IDatagramOutput
    {
        internal Queue<byte[]> ToConnector { get; } = new();

        public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
        {
            if (ToConnector.Count < 64)
                ToConnector.Enqueue(datagram.ToArray());
        }
    }
}
