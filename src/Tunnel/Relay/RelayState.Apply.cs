using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>
    /// What one slice may cost, in units of about 0.1 microseconds: a slice stays below 0.3 ms, so that handshakes and the gateway are hardly held up. Blind data
    /// is not held up at all.
    /// </summary>
    private const int SliceCost = 2000;
    private const int RemovalCost = 50;
    private const int ForgetCost = 5;
    private const int ReleaseCost = 10;
    private const int RerouteCost = 5;
    private const int RenameCost = 2;
    private const int AdditionCost = 50;

    private readonly List<AgentSlot> _leaving = [];
    private int _forgotten;
    private readonly HashSet<int> _refused = [];
    private PreparedTable? _inForce;
    private PreparedTable? _applying;
    private ApplyPhase _phase;
    private int _position;
    private RelayApplied _applied;
    private long _tableSince;

    /// <summary>
    /// Puts a table in force, at once and whole: who is not in it has no session any more, and flows that it does not grant are cut. The same table
    /// again changes nothing.
    /// </summary>
    /// <param name="relay">The relay's own row: whether it is a gateway.</param>
    public RelayApplied Apply(int relay, Table table, long now)
    {
        BeginApply(Prepare(relay, table), now);
        RelayApplied applied;
        while (!ContinueApply(now, out applied))
        {
            // All slices are done here.
        }

        return applied;
    }

    /// <summary>
    /// Compares a table with the one in force. Changes nothing, and may run on any thread while others use the state, but not while a table is being applied.
    /// </summary>
    public PreparedTable Prepare(int relay, Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new PreparedTable(relay, table, _inForce, _refused);
    }

    /// <summary>
    /// Begins to put a table in force: the first slice. What the table takes away comes first; <see cref="ContinueApply"/> does the rest. In between the state
    /// may be used for anything but another table.
    /// </summary>
    /// <exception cref="InvalidOperationException">Another table is being applied, or the table was compared with another one than that in force.</exception>
    public void BeginApply(PreparedTable table, long now)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (_applying is not null || table.Before != _inForce)
            throw new InvalidOperationException("Another table came in between.");
        IsGateway = table.IsGateway;
        _sites = table.Sites;
        (_applying, _inForce) = (table, table);
        (_phase, _position) = (ApplyPhase.Remove, 0);
        _applied = new RelayApplied(table.Revision, 0, 0, 0, 0);
        _refused.Clear();
        ApplySlice(table, now);
    }

    /// <summary>The next slice of the table that is being applied. True when it is in force whole.</summary>
    /// <param name="applied">What it changed, up to here.</param>
    public bool ContinueApply(long now, out RelayApplied applied)
    {
        if (_applying is { } table)
            ApplySlice(table, now);
        applied = _applied;
        return _applying is null;
    }

    private void ApplySlice(PreparedTable table, long now)
    {
        for (int left = SliceCost; left > 0 && _applying is not null;)
        {
            int cost = ApplyNext(table, now);
            left -= cost;
            (_phase, _position) = cost > 0 ? (_phase, _position + 1) : (_phase + 1, 0);
        }
    }

    /// <summary>One step of a phase, and what it cost; 0 when the phase is over.</summary>
    private int ApplyNext(PreparedTable table, long now)
    {
        int at = _position;
        switch (_phase)
        {
            case ApplyPhase.Remove when at < table.Removed.Count:
                Remove(table.Removed[at], now);
                return RemovalCost;
            case ApplyPhase.Reroute when at < table.Rerouted.Count:
                if (_byId.TryGetValue(table.Rerouted[at].Row.Id, out var client))
                    SetRoutes(client, table.Rerouted[at].Routes);
                return RerouteCost;
            case ApplyPhase.CutFlows when at < _flows.End && _leaving.Count + table.Rerouted.Count > 0:
                CutUngranted(at, now);
                return 1;
            case ApplyPhase.Forget when TryForgetLeaving():
                return ForgetCost;
            case ApplyPhase.Release when at < _leaving.Count:
                Release(_leaving[at]);
                return ReleaseCost;
            case ApplyPhase.Rename when at < table.Renamed.Count:
                if (_byId.TryGetValue(table.Renamed[at].Row.Id, out var renamed))
                    renamed.Row = table.Renamed[at].Row;
                return RenameCost;
            case ApplyPhase.Add when at < table.Added.Count:
                Add(table.Added[at]);
                return AdditionCost;
            case ApplyPhase.Finish:
                FinishApply(table, now);
                return SliceCost;
            default:
                return 0;
        }
    }

    private void FinishApply(PreparedTable table, long now)
    {
        bool isFirst = Revision < 0;
        Revision = table.Revision;
        _leaving.Clear();
        _forgotten = 0;
        table.Settle();
        _applying = null;
        if (!isFirst)
            return;
        _tableSince = now;
        _housekeepingAt = now + HousekeepingInterval;
        FinishRestart(now);
    }

    /// <summary>First the session, so that not even a reset is sealed for it; then everything that leads to the agent or comes from it.</summary>
    private void Remove(int id, long now)
    {
        if (!_byId.Remove(id, out var slot))
            return;
        _device.RemovePeer(slot.Peer);
        Forwarding.SetAddress(slot.Index, null);
        ForgetAgent(slot);
        _nameStreams?.Remove(id, now);
        slot.Site?.Connectors.Remove(slot);
        _leaving.Add(slot);
        _applied = _applied with { Removed = _applied.Removed + 1 };
    }

    private void Release(AgentSlot slot)
    {
        Raise(RelayEventKind.Removed, slot, slot.CutCount);
        EraseRecords(slot.Index);
        _slots[slot.Index] = null;
        _freeSlots.Push(slot.Index);
    }

    /// <summary>Cuts a flow of an agent that is gone, one that the table does not grant, and one that leads through a connector of another site.</summary>
    private void CutUngranted(int index, long now)
    {
        if (!_flows.IsUsed(index))
            return;
        var (client, connector) = (_flows[index].Client, _flows[index].Connector);
        if (!client.Peer.IsRemoved && !connector.Peer.IsRemoved && client.Routes.Find(_flows[index].Key.Destination) == connector.Site)
            return;
        (client.Peer.IsRemoved ? client : connector).CutCount++;
        CutFlow(index, now);
        _applied = _applied with { FlowsCut = _applied.FlowsCut + 1 };
    }

    private void Add(PreparedPeer peer)
    {
        bool added = TryAdd(peer);
        if (!added)
            _refused.Add(peer.Row.Id);
        _applied = added ? _applied with { Added = _applied.Added + 1 } : _applied with { Refused = _applied.Refused + 1 };
    }

    private bool TryAdd(PreparedPeer peer)
    {
        var row = peer.Row;
        if (!PublicKey.TryParse(row.PublicKey, out var key)
            || key == PublicKey
            || _device.FindPeer(key) is not null
            || !TryParse(row.Addresses, out var addresses)
            || !TryParsePresharedKey(row.PresharedKey, out var presharedKey)
            || !TryFindPlace(key, out int index, out var record))
            return false;
        using var copied = presharedKey;
        var slot = new AgentSlot(index, row) { Routes = peer.Routes };
        slot.Peer = _device.AddPeer(new PeerOptions
        {
            PublicKey = key,
            PresharedKey = presharedKey,
            AllowedIps = slot.IsGatewayClient || slot.IsSealedClient ? addresses : [],
            AcceptAnySource = row.Kind == PeerKind.Connector,
            Endpoint = record.Address,
            GreatestTimestamp = record.Timestamp,
            TimerSchedule = row.Stock ? _options.StockSchedule : _options.AgentSchedule,
            State = slot,
        });
        slot.Address = record.Address;
        slot.BootNonce = record.BootNonce;
        slot.RecordedHeardAt = record.HeardAt;
        slot.RecordVersion = record.Version;
        Forwarding.SetAddress(index, slot.Address);
        if (row is { Kind: PeerKind.Connector, Site: { } site })
        {
            slot.Site = _sites[site];
            slot.Site.Connectors.Add(slot);
        }

        _slots[index] = slot;
        _byId.Add(row.Id, slot);
        return true;
    }

    /// <summary>The place that the agent had before a restart, or a free one.</summary>
    private bool TryFindPlace(in PublicKey key, out int index, out SlotRecord record)
    {
        if (_remembered.TryGetValue(key, out var known) && _slots[known.Slot] is null)
        {
            (index, record) = known;
            if (record.Address is { } address && Forwarding.TryFindAgent(address, out _))
                record = record with { Address = null };
            return true;
        }

        record = default;
        return _freeSlots.TryPop(out index);
    }

    private static bool TryParse(IReadOnlyList<string> texts, out List<IpPrefix> addresses)
    {
        addresses = new List<IpPrefix>(texts.Count);
        foreach (string text in texts)
        {
            if (!IpPrefix.TryParse(text, out var prefix) || !prefix.IsHost)
                return false;
            addresses.Add(prefix);
        }

        return true;
    }

    private static bool TryParsePresharedKey(string? text, out PresharedKey? key)
    {
        key = null;
        if (text is null)
            return true;
        Span<byte> bytes = stackalloc byte[PresharedKey.Length];
        bool parsed = Convert.TryFromBase64String(text, bytes, out int length) && length == PresharedKey.Length;
        if (parsed)
            key = new PresharedKey(bytes);
        Zero.Fill(bytes);
        return parsed;
    }
}
