using System.Buffers.Binary;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Fuzz;

/// <summary>
/// A relay between two clients and two connectors (one of each is stock), all registered, and a stranger. What they send each other is forged by public keys
/// alone: the relay has no means to tell.
/// </summary>
internal sealed class RelayBlindRig : IDatagramOutput, IDisposable
{
    internal const int OperationCount = 7;

    private const int StrangerIndex = 4;

    private static readonly PrivateKey RelayKey = new(Enumerable.Repeat((byte)0x41, 32).ToArray());
    private static readonly Tai64n Epoch = Tai64n.FromUnixMicroseconds(1_700_000_000_000_000);
    private static readonly IpEndpoint RelayAt = new(IpAddress.Parse("192.0.2.10"), 21820);

    private readonly RelayState _state;
    private readonly RelayRigAgent[] _agents;
    private readonly IpEndpoint[] _sources;
    private readonly bool[,] _granted = { { true, true }, { true, true } };

    private Outcome _outcome;
    private long _now = 1_000_000;
    private long _revision;
    private int _answered;

    internal RelayBlindRig()
    {
        _agents = [.. Enumerable.Range(0, 4).Select(i =>
            new RelayRigAgent((byte)(0x42 + i), new IpEndpoint(IpAddress.Parse($"198.51.100.{i + 1}"), 5000), RelayKey.PublicKey, RelayAt, Epoch))];
        _sources = [.. _agents.Select(agent => agent.Home), new IpEndpoint(IpAddress.Parse("198.51.100.66"), 6666)];
        _state = new RelayState(new RelayStateOptions
        {
            PrivateKey = RelayKey,
            RandomSource = new SeededRandom(7),
            Output = this,
            TimestampAtZero = Epoch,
            MaximumAgents = 8,
            MaximumFlows = 8,
            MaximumFlowsPerClient = 4,
            MaximumEntries = 16,
            LoadPolicy = new LoadPolicy { HandshakesPerSecond = 20, Burst = 20 },
        });
        Apply();
        foreach (var agent in _agents)
        {
            agent.Register(_now);
            Deliver(agent);
        }

        _now += 1_000_000;
        Promise.Holds(_state.Describe(_now).All(agent => agent.Address is not null));
    }

    internal ulong Outcome => _outcome.Value;

    internal void Step(ref OperationReader reader)
    {
        int operation = reader.Byte() % OperationCount;
        int from = reader.Byte() % _sources.Length;
        _outcome.Add(operation);
        switch (operation)
        {
            case 0:
                Arrive(from, Initiation(KeyOf(reader.Byte()), reader.Byte()));
                break;
            case 1:
                Arrive(from, Response(KeyOf(reader.Byte()), reader.Byte(), reader.Byte()));
                break;
            case 2:
                Arrive(from, WithIndex(3, reader.Byte(), CookieReplyMessage.Length));
                break;
            case 3:
                Arrive(from, WithIndex(4, reader.Byte(), 32 + reader.Byte()));
                break;
            case 4:
                Arrive(from, reader.Block().ToArray());
                break;
            case 5:
                _now += reader.Below(250) * 1_000_000L + reader.Byte() * 1000;
                _state.Tick(_now);
                break;
            default:
                ref bool grant = ref _granted[from & 1, reader.Byte() & 1];
                grant = !grant;
                Apply();
                break;
        }

        Promise.Holds(_state.Forwarding.Count <= 16 && _state.Forwarding.Count % 2 == 0);
        Promise.Holds(_state.PendingHandshakeCount <= 2 * 2 * 2 * 4);
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        var to = destination;
        _answered += datagram.Length;
        int index = Array.FindIndex(_agents, agent => agent.Home == to);
        if (index >= 0)
            _agents[index].Receive(datagram.ToArray(), RelayAt, _now);
    }

    public void Dispose()
    {
        _state.Dispose();
        foreach (var agent in _agents)
            agent.Dispose();
    }

    /// <summary>What is forwarded is what came, goes to an agent whom the sender may meet, and never comes from a stranger.</summary>
    private void Arrive(int from, byte[] datagram)
    {
        byte[] room = new byte[datagram.Length + 64];
        datagram.CopyTo(room, 0);
        _answered = 0;
        bool forwarded = _state.Receive(room, datagram.Length, _sources[from], _now, out var forward);
        _outcome.Add(forwarded);
        _outcome.Add(datagram.Length == 0 ? 0 : datagram[0]);
        Promise.Holds(_answered <= datagram.Length);
        if (!forwarded)
            return;
        int to = Array.FindIndex(_agents, agent => agent.Home == forward.Destination);
        Promise.Holds(from != StrangerIndex && to >= 0 && to != from);
        Promise.Holds(room.AsSpan(0, forward.Length).SequenceEqual(datagram));
        Promise.Holds(from / 2 != to / 2 && _granted[Math.Min(from, to), Math.Max(from, to) - 2]);

        // Our own connector begins nothing.
        Promise.Holds(datagram[0] != 1 || from != 2);
    }

    private PublicKey KeyOf(byte choice) => choice % 5 == 4 ? RelayKey.PublicKey : _agents[choice % 5].PublicKey;

    private static byte[] Initiation(PublicKey responder, byte senderIndex)
    {
        byte[] message = WithIndex(1, senderIndex, InitiationMessage.Length);
        new Mac1Key(responder).Write(message);
        return message;
    }

    private static byte[] Response(PublicKey initiator, byte senderIndex, byte receiverIndex)
    {
        byte[] message = WithIndex(2, senderIndex, ResponseMessage.Length);
        message[8] = (byte)(receiverIndex & 7);
        new Mac1Key(initiator).Write(message);
        return message;
    }

    /// <summary>Few indices, so that they meet.</summary>
    private static byte[] WithIndex(byte type, byte index, int length)
    {
        byte[] message = new byte[length];
        message[0] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), (uint)index & 7);
        return message;
    }

    private void Deliver(RelayRigAgent agent)
    {
        while (agent.Outbox.TryDequeue(out byte[]? datagram))
        {
            byte[] room = new byte[datagram.Length + 64];
            datagram.CopyTo(room, 0);
            _state.Receive(room, datagram.Length, agent.Home, _now, out _);
        }
    }

    private void Apply() => _state.Apply(1, Table(), _now);

    private Table Table() => new()
    {
        Revision = ++_revision,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10", "fd00::/48"],
        Relays = [new RelayRow(1, "vps", RelayKey.PublicKey.ToString(), [RelayAt.ToString()], Gateway: true)],
        Sites = [new SiteRow(1, "office"), new SiteRow(2, "branch")],
        Peers =
        [
            new PeerRow(1, PeerKind.Machine, "laptop", _agents[0].PublicKey.ToString(), null, ["100.64.0.2"], null, Stock: false, Draining: false),
            new PeerRow(2, PeerKind.Machine, "desk", _agents[1].PublicKey.ToString(), null, ["100.64.0.3"], null, Stock: true, Draining: false),
            new PeerRow(3, PeerKind.Connector, "office-1", _agents[2].PublicKey.ToString(), null, [], 1, Stock: false, Draining: false),
            new PeerRow(4, PeerKind.Connector, "branch-1", _agents[3].PublicKey.ToString(), null, [], 2, Stock: true, Draining: false),
        ],
        Resources =
        [
            new ResourceRow(1, 1, "web", "192.168.1.20", ["100.64.1.20/32"], null, [new PortRange(80, 80)], [], Icmp: true),
            new ResourceRow(2, 2, "files", "192.168.2.20", ["100.64.2.20/32"], null, [new PortRange(80, 80)], [], Icmp: true),
        ],
        Grants = [.. Enumerable.Range(0, 2).Select(client => new GrantRow(client + 1, [.. Enumerable.Range(1, 2).Where(site => _granted[client, site - 1])], []))],
    };
}
