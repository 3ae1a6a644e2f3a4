using Keyhole.Cryptography;

namespace Keyhole.Tunnel;

/// <remarks>
/// What survives the process (docs/protocol.md, rule 23). The journal is written while the relay runs and read once, before the first table: a
/// record counts only for an agent that the table still names.
/// </remarks>
public sealed partial class RelayState
{
    /// <summary>Handshakes that a restart begins, each about 0.1 ms of work: a tenth of the core while it lasts.</summary>
    private const int InitiationsPerStep = 10;
    private const long InitiationStep = 10_000;

    /// <summary>How often "heard at" of a record follows.</summary>
    private const long HeardGranularity = 30_000_000;

    private const int RecordsPerPiece = 1024;

    private readonly Dictionary<PublicKey, (int Slot, SlotRecord Record)> _remembered = [];
    private readonly Queue<AgentSlot> _toInitiate = new();
    private readonly Stack<int> _freeSlots = new();
    private long _initiateAt = Never;
    private int _recordedTo;

    private delegate void ReadPiece(int first, Span<byte> records);

    private delegate void TakeRecord(int index, ReadOnlySpan<byte> record);

    private void ReadJournal()
    {
        ReadSlots();
        var taken = _remembered.Values.Select(known => known.Slot).ToHashSet();
        for (int i = _slots.Length - 1; i >= 0; i--)
        {
            if (!taken.Contains(i))
                _freeSlots.Push(i);
        }
    }

    private void ReadSlots()
    {
        if (_options.Journal is not { } journal)
            return;
        ReadRecords(journal.ReadSlots, SlotRecord.Length, 2 * _options.MaximumAgents, (index, record) =>
        {
            if (!SlotRecord.TryRead(record, out var slot))
                return;
            if (!journal.IsOfThisBoot)
                slot = slot with { Address = null, HeardAt = 0 };
            if (!_remembered.TryGetValue(slot.PublicKey, out var known) || known.Record.Version < slot.Version)
                _remembered[slot.PublicKey] = (index / 2, slot);
        });
    }

    /// <summary>After the first table: forgets agents that it does not name, restores flows, and lines up the handshakes.</summary>
    private void FinishRestart(long now)
    {
        foreach (int index in _remembered.Values.Select(known => known.Slot).Where(index => _slots[index] is null).Distinct())
        {
            EraseRecords(index);
            _freeSlots.Push(index);
        }

        if (_options.Journal is { } journal)
        {
            RestoreFlows(journal, now);
            RestoreEntries(journal, now);
            if (!journal.IsOfThisBoot)
            {
                foreach (var slot in _byId.Values)
                    Record(slot);
                journal.MarkAsOfThisBoot();
            }
        }

        foreach (var slot in _byId.Values
            .Where(slot => slot.Address is not null)
            .OrderByDescending(slot => Forwarding.HasPairs(slot.Index))
            .ThenByDescending(slot => slot.RecordedHeardAt))
            _toInitiate.Enqueue(slot);
        _remembered.Clear();
        if (_toInitiate.Count > 0)
            _initiateAt = now;
    }

    private void RestoreFlows(IRelayJournal journal, long now) => ReadRecords(journal.ReadFlows, FlowRecord.Length, _options.MaximumFlows, (index, record) =>
    {
        if (record[0] == 0)
            return;
        if (!journal.IsOfThisBoot
            || !FlowRecord.TryRead(record, out var flow)
            || SlotAt(flow.ClientSlot) is not { IsGatewayClient: true } client
            || SlotAt(flow.ConnectorSlot) is not { IsConnector: true } connector
            || client.Routes.Find(flow.Key.Destination) != connector.Site
            || client.FlowCount >= _options.MaximumFlowsPerClient
            || !_flows.TryRestore(index, flow.Key, client, connector, now))
            EraseFlowRecord(index);
    });

    private void RestoreEntries(IRelayJournal journal, long now)
    {
        var entries = new List<(int Index, EntryRecord Entry)>();
        ReadRecords(journal.ReadEntries, EntryRecord.Length, _options.MaximumEntries / 2, (index, record) =>
        {
            if (journal.IsOfThisBoot && EntryRecord.TryRead(record, out var entry) && MayComeBack(entry, now))
                entries.Add((index, entry));
            else if (record.ContainsAnyExcept((byte)0))
                EraseEntryRecord(index);
        });
        entries.Sort((one, other) => one.Entry.Deadline.CompareTo(other.Entry.Deadline));
        Forwarding.Restore(entries, now, EraseEntryRecord);
    }

    private bool MayComeBack(in EntryRecord entry, long now) =>
        entry.Deadline > now
        && entry.Deadline <= now + ForwardingTable.EntryLifetime
        && SlotAt(entry.ClientSlot) is { IsConnector: false } client
        && SlotAt(entry.ConnectorSlot) is { IsConnector: true } connector
        && client.MayMeet(connector);

    /// <summary>Reads records of one kind in large pieces; pieces that were never written are passed over.</summary>
    private static void ReadRecords(ReadPiece read, int length, int count, TakeRecord take)
    {
        byte[] piece = new byte[RecordsPerPiece * length];
        for (int first = 0; first < count; first += RecordsPerPiece)
        {
            var records = piece.AsSpan(0, Math.Min(RecordsPerPiece, count - first) * length);
            read(first, records);
            for (int i = 0; records.ContainsAnyExcept((byte)0); i++, records = records[length..])
                take(first + i, records[..length]);
        }
    }

    private AgentSlot? SlotAt(int index) => (uint)index < (uint)_slots.Length ? _slots[index] : null;

    /// <summary>The agents most recently heard come first; the device repeats what is not answered.</summary>
    private void InitiateNext(long now)
    {
        for (int i = 0; i < InitiationsPerStep && _toInitiate.TryDequeue(out var slot); i++)
        {
            if (!slot.Peer.IsRemoved && slot.Address is { } address && !slot.Peer.HasSession(now))
                _device.InitiateHandshake(slot.Peer, address, now);
        }

        _initiateAt = _toInitiate.Count > 0 ? now + InitiationStep : Never;
    }

    /// <summary>Writes what a restart needs of an agent over the older one of its two records.</summary>
    private void Record(AgentSlot slot)
    {
        if (_options.Journal is not { } journal || slot.Peer.IsRemoved)
            return;
        slot.RecordVersion++;
        Span<byte> record = stackalloc byte[SlotRecord.Length];
        new SlotRecord(slot.Peer.PublicKey, slot.Address, slot.Peer.GreatestTimestamp, slot.BootNonce, slot.RecordedHeardAt, slot.RecordVersion).Write(record);
        journal.WriteSlot(2 * slot.Index + (int)(slot.RecordVersion & 1), record);
    }

    private void EraseRecords(int index)
    {
        if (_options.Journal is not { } journal)
            return;
        Span<byte> empty = stackalloc byte[SlotRecord.Length];
        empty.Clear();
        journal.WriteSlot(2 * index, empty);
        journal.WriteSlot(2 * index + 1, empty);
    }

    /// <summary>Carries "heard at" of some slots on: all of them in half a minute.</summary>
    private void RecordHeard(long now)
    {
        if (_options.Journal is null)
            return;
        for (int i = Math.Min(_slots.Length, _slots.Length / 30 + 1); i > 0; i--)
        {
            _recordedTo = _recordedTo + 1 == _slots.Length ? 0 : _recordedTo + 1;
            if (_slots[_recordedTo] is { Peer.LastReceivedAt: { } heardAt } slot && heardAt - slot.RecordedHeardAt >= HeardGranularity)
            {
                slot.RecordedHeardAt = heardAt;
                Record(slot);
            }
        }
    }

    private void RecordFlow(int index)
    {
        if (_options.Journal is not { } journal)
            return;
        ref var flow = ref _flows[index];
        Span<byte> record = stackalloc byte[FlowRecord.Length];
        new FlowRecord(flow.Key, flow.Client.Index, flow.Connector.Index).Write(record);
        journal.WriteFlow(index, record);
    }

    private void EraseEntryRecord(int index)
    {
        if (_options.Journal is not { } journal)
            return;
        Span<byte> empty = stackalloc byte[EntryRecord.Length];
        empty.Clear();
        journal.WriteEntry(index, empty);
    }

    private void EraseFlowRecord(int index)
    {
        if (_options.Journal is not { } journal)
            return;
        Span<byte> empty = stackalloc byte[FlowRecord.Length];
        empty.Clear();
        journal.WriteFlow(index, empty);
    }
}
