using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Sessions;

/// <summary>
/// A client and its relays under a clock that only <see cref="Run"/> moves, with UDP that can be blocked either way and TLS connections that can fail.
/// <code>
/// laptop ─┬─ UDP / TLS ── relay-1
///         └─ UDP / TLS ── relay-2
/// </code>
/// </summary>
internal sealed class TransportWorld : IDatagramOutput, IDatagramSlots, IRelayStreams, IDisposable
{
    public const long Millisecond = 1_000;
    public const long Second = 1_000_000;
    private const int Laptop = 1;

    private static readonly IpEndpoint Laptop4 = RelayWorld.End("203.0.113.1:6000");

    private readonly PriorityQueue<Action, (long At, int Order)> _events = new();
    private readonly PrivateKey _key = PrivateKey.Generate(new SeededRandom(5));
    private readonly Table _table;
    private byte[] _room = [];
    private int _order;

    public TransportWorld(int relays = 1)
    {
        Relays = [.. Enumerable.Range(1, relays).Select(id => new SimulatedRelay(this, id))];
        State = new ClientState(new ClientOptions
        {
            PrivateKey = _key,
            RandomSource = new SeededRandom(6),
            TimestampAtZero = RelayWorld.Epoch,
            Output = this,
            Slots = this,
            Streams = this,
        });
        _table = new Table
        {
            Revision = 1,
            Organisation = "acme",
            Overlay = ["100.64.0.0/10", "fd00::/48"],
            Relays = [.. Relays.Select(relay => relay.Row)],
            Peers = [new PeerRow(Laptop, PeerKind.Machine, "laptop", _key.PublicKey.ToString(), null, ["100.64.0.2", "fd00::2"], null, false, false)],
        };
        foreach (var relay in Relays)
            relay.State.Apply(relay.Id, _table, Now);
    }

    public long Now { get; private set; } = 100 * Second;

    public ClientState State { get; }

    public IReadOnlyList<SimulatedRelay> Relays { get; }

    public SimulatedRelay Relay => Relays[0];

    public RegistrationStatus Status => State.Registrations()[0];

    public Span<byte> Reserved => _room;

    /// <summary>The client learns of its relays.</summary>
    public void Start(Func<RelayRow, RelayRow>? change = null) =>
        State.Apply(ClientRoster.Compile(change is null ? _table : _table with { Relays = [.. _table.Relays.Select(change)] }, Laptop), Now);

    public Span<byte> Reserve(int length) => _room = new byte[length];

    public void Commit(in IpEndpoint destination, int offset, int length) => FromLaptop(destination, _room[offset..(offset + length)]);

    public void CommitWhole(in IpEndpoint destination, int offset, int length) => Commit(destination, offset, length);

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer) => FromLaptop(destination, datagram.ToArray());

    public void Open(in IpEndpoint endpoint, RelayTls tls)
    {
        var at = endpoint;
        var relay = Of(at);
        relay.Attempts.Add(Now);
        After(4 * relay.Latency, () =>
        {
            if (relay.HasTls)
            {
                relay.Connection = relay.Connect();
                State.StreamOpened(at, Now);
            }
            else
            {
                State.StreamClosed(at, Now);
            }
        });
    }

    public void Close(in IpEndpoint endpoint)
    {
        Of(endpoint).Closings.Add(Now);
        Of(endpoint).Connection = null;
    }

    /// <summary>The connection breaks.</summary>
    public void Break(SimulatedRelay relay)
    {
        relay.Connection = null;
        State.StreamClosed(new IpEndpoint(IpAddress.DiscardOnly((ulong)relay.Id), 443), Now);
    }

    public void FromRelay(SimulatedRelay relay, in IpEndpoint destination, byte[] datagram)
    {
        if (destination == Laptop4 && relay.SendsUdp)
            After(relay.Latency, () => State.Receive(datagram, relay.Endpoint, Now, out _));
        else if (destination == relay.Connection && relay.TlsWorks)
            After(relay.Latency, () => State.Receive(datagram, new IpEndpoint(IpAddress.DiscardOnly((ulong)relay.Id), 443), Now, out _));
    }

    public void Run(long duration)
    {
        for (long end = Now + duration; ;)
        {
            State.Flush(Now);
            long next = Relays.Select(relay => relay.State.NextDeadline).Append(State.NextDeadline).Min();
            if (_events.TryPeek(out _, out var first))
                next = Math.Min(next, first.At);
            if (next > end)
            {
                Now = end;
                return;
            }

            Now = Math.Max(Now, next);
            while (_events.TryPeek(out _, out first) && first.At <= Now)
                _events.Dequeue()();
            State.Tick(Now);
            foreach (var relay in Relays)
                relay.State.Tick(Now);
        }
    }

    /// <summary>How long it takes until this holds.</summary>
    public long Until(Func<bool> condition, long patience)
    {
        long start = Now;
        while (!condition())
        {
            Assert.True(Now - start < patience, $"not within {patience / 1e6} s: {Status}");
            Run(10 * Millisecond);
        }

        return Now - start;
    }

    public void Dispose()
    {
        State.Dispose();
        foreach (var relay in Relays)
            relay.Dispose();
        _key.Dispose();
    }

    private void FromLaptop(in IpEndpoint destination, byte[] datagram)
    {
        var to = destination;
        if (to.Address.IsDiscardOnly)
        {
            var relay = Of(to);
            if (relay.Connection is { } connection && relay.TlsWorks)
                After(relay.Latency, () => relay.Receive(datagram, connection));
            return;
        }

        foreach (var relay in Relays.Where(relay => relay.Endpoint == to))
        {
            relay.Udp.Add((Now, datagram.Length));
            if (relay.TakesUdp)
                After(relay.Latency, () => relay.Receive(datagram, Laptop4));
        }
    }

    private SimulatedRelay Of(IpEndpoint stream) => Relays.Single(relay => (ulong)relay.Id == stream.Address.Low);

    private void After(long time, Action action) => _events.Enqueue(action, (Now + time, _order++));
}
