using System.Buffers.Binary;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// The relay as a calculation: datagrams, tables and the time (monotonic microseconds) go in; datagrams, events and one deadline come out. Not
/// safe for several threads at once.
/// <code>
/// in   Receive → Device opens in place → Heard (addresses) → control message | FromClient | FromConnector
/// out  flow table → Forward: Device seals in place for the other side → the caller sends the same buffer on
/// </code>
/// </summary>
public sealed partial class RelayState : IDisposable
{
    private const int ScratchLength = 2048;
    private const int MaximumEvents = 1024;

    /// <summary>In front of an opened packet, and what sealing adds behind it: padding and tag.</summary>
    private const int HeadLength = 16;
    private const int TagLength = 16;

    // Fixed after construction.
    private readonly RelayStateOptions _options;
    private readonly Device _device;
    private readonly UInt128 _bootNonce;
    private readonly byte[] _scratch = GC.AllocateArray<byte>(ScratchLength, pinned: true);

    // This thread only.
    private readonly AgentSlot?[] _slots;
    private readonly Dictionary<int, AgentSlot> _byId = [];
    private Dictionary<int, RelaySite> _sites = [];
    private readonly GatewayFlowTable _flows;
    private readonly GatewayFragments _fragments;
    private readonly Queue<RelayEvent> _events = new();
    private readonly long[] _drops = new long[Enum.GetValues<RelayDropReason>().Length];
    private Arrival _arrival;

    public RelayState(RelayStateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaximumAgents, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaximumFlows, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaximumFlowsPerClient, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumEntries, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.InnerMtu, ScratchLength - HeadLength - TagLength, nameof(options));
        if (options.Journal is { } journal
            && (journal.SlotRecordCount < 2 * options.MaximumAgents
                || journal.FlowRecordCount < options.MaximumFlows
                || journal.EntryRecordCount < options.MaximumEntries / 2))
            throw new ArgumentException("The journal holds fewer records than the relay has agents, flows and entries.", nameof(options));
        _options = options;
        _device = new Device(new DeviceOptions
        {
            PrivateKey = options.PrivateKey,
            RandomSource = options.RandomSource,
            Output = new ProvenOutput(this),
            TimestampAtZero = options.TimestampAtZero,
            TimerSchedule = options.AgentSchedule,
            LoadPolicy = options.LoadPolicy,
            MaximumPeers = options.MaximumAgents,
            AcceptIndex = AcceptIndex,
        });
        Span<byte> random = stackalloc byte[48];
        options.RandomSource.Fill(random);
        _bootNonce = BinaryPrimitives.ReadUInt128LittleEndian(random);
        _slots = new AgentSlot?[options.MaximumAgents];
        _flows = new GatewayFlowTable(options.MaximumFlows, options.MaximumFlowsPerClient, BinaryPrimitives.ReadUInt64LittleEndian(random[16..]));
        _fragments = new GatewayFragments(BinaryPrimitives.ReadUInt64LittleEndian(random[24..]));
        Forwarding = new ForwardingTable(options.MaximumAgents, options.MaximumEntries, BinaryPrimitives.ReadUInt64LittleEndian(random[32..])) { Journal = options.Journal };
        _forwarder = new RelayForwarder(Forwarding);
        _mac1Key = new Mac1Key(_device.PublicKey);
        _pending = new PendingTable(MaximumPending, BinaryPrimitives.ReadUInt64LittleEndian(random[40..]));
        ReadJournal();
    }

    public PublicKey PublicKey => _device.PublicKey;

    /// <summary>What is forwarded without being opened. Its readers may be other threads; this state is its one writer.</summary>
    public ForwardingTable Forwarding { get; }

    /// <summary>Of the table in force; -1 before the first.</summary>
    public long Revision { get; private set; } = -1;

    /// <summary>Whether stock apps may enter here.</summary>
    public bool IsGateway { get; private set; }

    /// <summary>Flows through the gateway.</summary>
    public int FlowCount => _flows.Count;

    /// <summary>Agents that may register.</summary>
    public int AgentCount => _byId.Count;

    /// <summary>Datagrams that <see cref="Receive"/> gave on, and their bytes.</summary>
    public long ForwardedCount { get; private set; }

    public long ForwardedBytes { get; private set; }

    public long DropCount(RelayDropReason reason) => _drops[(int)reason];

    /// <summary>What the WireGuard device of the relay dropped.</summary>
    public long DropCount(DropReason reason) => _device.DropCount(reason);

    /// <summary>Takes the oldest event; those that nobody takes give way to newer ones.</summary>
    public bool TryDequeueEvent(out RelayEvent relayEvent) => _events.TryDequeue(out relayEvent);

    /// <summary>Removes all agents and zeroes all keys, the private key of the options excepted. The journal stays as it is.</summary>
    public void Dispose()
    {
        foreach (var slot in _byId.Values)
            slot.Guard?.Dispose();
        _device.Dispose();
    }

    private void Raise(RelayEventKind kind, AgentSlot slot, int flowCount = 0)
    {
        if (_events.Count == MaximumEvents)
            _events.Dequeue();
        _events.Enqueue(new RelayEvent(kind, slot.Row.Name, slot.Row.Id, slot.Address, flowCount));
    }

    private bool Drop(RelayDropReason reason)
    {
        _drops[(int)reason]++;
        return false;
    }

    /// <summary>What is being received, and what was sent back to where it came from meanwhile.</summary>
    private struct Arrival
    {
        public IpEndpoint Source;
        public int Length;
        public int SentBack;
    }
}
