using Keyhole.Contracts;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// The connector's sessions as a calculation: it registers at its relays, stays registered, opens what they bring and seals what goes
/// back. Not safe for several threads at once.
/// <code>
/// in    Receive → relay's address | data of a session → Device.Receive → control message | client by inner source → the caller's flows
/// out   Sink.Rent → the caller writes in place → Sink.Commit … Flush → Device.Seal of the batch in place → IDatagramSlots.Commit
/// </code>
/// </summary>
public sealed partial class ConnectorState : IPacketSink, IDisposable
{
    /// <summary>Datagrams that are opened together.</summary>
    private const int MaximumDatagrams = 64;

    // Fixed after construction.
    private readonly ConnectorOptions _options;
    private readonly Device _device;
    private readonly SealBatch _written;
    private readonly RegistrationSet _registrations;

    // This thread only.
    private readonly Dictionary<IpAddress, ClientPath> _bySource = [];
    private readonly Dictionary<int, ClientPath> _byClient = [];
    private readonly long[] _drops = new long[Enum.GetValues<ConnectorDropReason>().Length];
    private ConnectorRoster _roster = ConnectorRoster.None;
    private readonly ReceivedDatagram[] _datagrams = new ReceivedDatagram[MaximumDatagrams];
    private readonly ReceiveResult[] _results = new ReceiveResult[MaximumDatagrams];
    private bool _isStopping;
    private long _now;

    public ConnectorState(ConnectorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _device = new Device(new DeviceOptions
        {
            PrivateKey = options.PrivateKey,
            RandomSource = options.RandomSource,
            Output = options.Output,
            TimestampAtZero = options.TimestampAtZero,
            TimerSchedule = options.Schedule,
            LoadPolicy = LoadPolicy.Never,
            ReplayWindowLength = 65_472,
            Mtu = options.LargestMtu,
            MaximumPeers = options.MaximumPeers,
        });
        _written = new SealBatch(_device, options.Slots);
        _registrations = new RegistrationSet(_device, options.RandomSource, _written, options.Schedule, options.Keepalive, options.Streams);

        // What leads into the tunnel at a client leads to a target here.
        _candidates = new PathCandidates(_registrations, options.RandomSource, options.DirectPaths, static _ => false);
    }

    /// <summary>When <see cref="Tick"/> wants to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline => Math.Min(Math.Min(_device.NextDeadline, _registrations.NextDeadline), _pathsDueAt);

    /// <summary>The revision of the table in force.</summary>
    public long Revision => _roster.Revision;

    /// <summary>True while the connector takes no new flow: it is stopping, or Control asked for it.</summary>
    public bool IsDraining => _isStopping || _roster.IsDraining;

    /// <summary>Clients that are heard: with a session of their own, or through the gateway of a relay.</summary>
    public int ClientCount => _byClient.Count;

    /// <summary>True while a relay answers.</summary>
    public bool IsRegistered => _registrations.Live is not null;

    /// <summary>Inner packets of clients that were opened.</summary>
    public long PacketsReceived { get; private set; }

    /// <summary>Inner packets to clients that were sealed.</summary>
    public long PacketsSent => _written.SealedCount;

    /// <summary>Datagrams and packets that went nowhere for this reason.</summary>
    public long DropCount(ConnectorDropReason reason) => _drops[(int)reason] + (reason == ConnectorDropReason.NoSession ? _written.LostCount : 0);

    /// <summary>What the WireGuard device refused.</summary>
    public long DropCount(WireGuard.DropReason reason) => _device.DropCount(reason);

    /// <summary>
    /// Deals with datagrams of one source that lie behind each other, opening them in place. What comes neither from a relay nor in a session is dropped without an answer.
    /// </summary>
    /// <param name="run">All datagrams, each of <paramref name="segmentSize"/> bytes but the last, which may be shorter.</param>
    /// <param name="packets">Room for one per datagram.</param>
    /// <param name="isFragmented">They came in IP fragments.</param>
    /// <returns>How many packets of clients were found; the caller judges them and carries them on.</returns>
    public int Receive(Span<byte> run, int segmentSize, in IpEndpoint source, long now, Span<ClientPacket> packets, bool isFragmented = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentSize, run.IsEmpty ? 0 : 1);
        _now = now;
        int found = 0;
        var relay = _registrations.Find(source);
        if (run.IsEmpty)
            Drop(relay is not null ? ConnectorDropReason.WireGuard : ConnectorDropReason.UnknownSource);
        for (int offset = 0; offset < run.Length;)
        {
            int count = 0;
            for (; offset < run.Length && count < MaximumDatagrams; offset += segmentSize)
            {
                int length = Math.Min(segmentSize, run.Length - offset);
                if (relay is not null || MayComeDirectly(run.Slice(offset, length), source))
                    _datagrams[count++] = new ReceivedDatagram(offset, length, source);
                else
                    Drop(ConnectorDropReason.UnknownSource);
            }

            found += ReceiveBatch(relay, run, count, source, isFragmented, now, packets[found..]);
        }

        return found;
    }

    /// <summary>Does what is due. May be called early.</summary>
    public void Tick(long now)
    {
        _now = now;
        Flush(now);
        _device.Tick(now);
        while (_device.TryDequeueEvent(out var happened))
        {
            if (happened.Kind == DeviceEventKind.HandshakeGaveUp && happened.Peer.State is Registration registration)
                registration.GaveUp(now);
        }

        _registrations.Tick(now);
        TickPaths(now);
    }

    /// <summary>Tells the relays that no new flow is taken from now on.</summary>
    public void Drain(long now)
    {
        _registrations.IsDraining = _isStopping = true;
        _registrations.Tell(SessionMessageType.Draining, now);
    }

    /// <summary>Tells the relays that this connector is gone, its flows with it.</summary>
    public void Goodbye(long now)
    {
        _registrations.IsDraining = _isStopping = true;
        _registrations.Tell(SessionMessageType.Goodbye, now);
    }

    /// <summary>The relays by what the data path has shown, those included whose key or address is not known.</summary>
    public IReadOnlyList<RegistrationStatus> Registrations() => _registrations.Status();

    /// <summary>Clients that have a session of their own, which no relay can read.</summary>
    public int EndToEndCount(long now) => _byClient.Values.Count(path => path.EndToEnd?.HasSession(now) == true);

    public void Dispose() => _device.Dispose();

    /// <summary>Opens the datagrams that <see cref="_datagrams"/> names: a relay's own, those of clients behind it, and, when they came from no relay, those of clients.</summary>
    private int ReceiveBatch(Registration? relay, Span<byte> run, int count, in IpEndpoint source, bool isFragmented, long now, Span<ClientPacket> packets)
    {
        _device.Receive(run, _datagrams.AsSpan(0, count), _results, now);
        int found = 0;
        for (int i = 0; i < count; i++)
        {
            ref readonly var result = ref _results[i];
            int offset = _datagrams[i].Offset + result.Offset;
            switch (result.Peer?.State)
            {
                case Registration registration when relay is not null:
                    registration.Heard(result, source, now);
                    if (result.Kind == ReceiveKind.Packet && OpenedByRelay(registration, run, offset, result.Length, now, out packets[found]))
                        found++;
                    break;
                case ClientPath path:
                    Follow(path, relay, result, run.Slice(_datagrams[i].Offset, _datagrams[i].Length), source, now);
                    if (result.Kind == ReceiveKind.Packet && OpenedEndToEnd(path, run, offset, result.Length, source, relay is not null, isFragmented, now, out packets[found]))
                        found++;
                    break;
                default:
                    Drop(relay is not null ? ConnectorDropReason.WireGuard : ConnectorDropReason.UnknownSource);
                    break;
            }
        }

        return found;
    }

    /// <summary>In the session of a relay only clients in gateway mode are heard (docs/protocol.md, rule 22).</summary>
    private bool OpenedByRelay(Registration registration, ReadOnlySpan<byte> run, int offset, int length, long now, out ClientPacket packet)
    {
        packet = default;
        var payload = run.Slice(offset, length);
        if (SessionMessage.Claims(payload))
            return TakeControlMessage(registration, payload, now);
        registration.DataMoved(now);
        if (!TryReadSource(payload, out var client) || !_bySource.TryGetValue(client, out var path))
            return Drop(ConnectorDropReason.UnknownClient);
        path.Relay = registration;
        Use(path, registration.Peer);
        PacketsReceived++;
        packet = new ClientPacket(offset, length, path.Client);
        return true;
    }

    /// <summary>In a client's own session the device has held the inner source against the client's addresses.</summary>
    private bool OpenedEndToEnd(
        ClientPath path, ReadOnlySpan<byte> run, int offset, int length, in IpEndpoint source, bool isRelayed, bool isFragmented, long now, out ClientPacket packet)
    {
        packet = default;
        var payload = run.Slice(offset, length);
        if (SessionMessage.Claims(payload))
            return TakeControlMessage(path, payload, source, isRelayed, isFragmented, now);
        if (!TryReadSource(payload, out _))
            return Drop(ConnectorDropReason.UnknownClient);
        if (isRelayed)
            path.Relay?.DataMoved(now);
        Use(path, path.EndToEnd);
        PacketsReceived++;
        packet = new ClientPacket(offset, length, path.Client);
        return true;
    }

    /// <summary>Answers go where the client's last packet came from.</summary>
    private void Use(ClientPath path, Peer? way)
    {
        if (path.Way == way)
            return;
        path.Way = way;
        NoteMtu(path);
    }

    private bool TakeControlMessage(Registration registration, ReadOnlySpan<byte> payload, long now)
    {
        if (SessionMessage.TryParse(payload, SessionScope.Registration, out var message) && SessionIntroduction.TryParse(message, out var introduction))
            return TakeIntroduction(registration, introduction, now);
        return !_registrations.TakeControlMessage(registration, payload, now) && Drop(ConnectorDropReason.Control);
    }

    /// <summary>The source of what the device has proved to be as long as its header says; its other checks are the flows'.</summary>
    private static bool TryReadSource(ReadOnlySpan<byte> packet, out IpAddress source)
    {
        source = default;
        switch (packet.IsEmpty ? 0 : packet[0] >> 4)
        {
            case 4 when packet.Length >= 20:
                source = IpAddress.FromBytes(packet.Slice(12, 4));
                return true;
            case 6 when packet.Length >= 40:
                source = IpAddress.FromBytes(packet.Slice(8, 16));
                // A mapped address would be looked up as the IPv4 address that it names.
                return !source.IsIpv4;
            default:
                return false;
        }
    }

    private bool Drop(ConnectorDropReason reason)
    {
        _drops[(int)reason]++;
        return false;
    }
}
