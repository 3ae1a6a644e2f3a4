namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A journal that outlives a relay of the test, and can be torn.</summary>
internal sealed class MemoryJournal(int agents, int flows, int sessions) : IRelayJournal
{
    public byte[] Slots { get; } = new byte[2 * agents * SlotRecord.Length];

    public byte[] Flows { get; } = new byte[flows * FlowRecord.Length];

    public byte[] Entries { get; } = new byte[sessions * EntryRecord.Length];

    /// <summary>What was written to <see cref="Entries"/>, in order.</summary>
    public List<(int Index, byte[] Record)> EntryWrites { get; } = [];

    public bool IsOfThisBoot { get; set; } = true;

    public void MarkAsOfThisBoot() => IsOfThisBoot = true;

    public int SlotRecordCount => 2 * agents;

    public int FlowRecordCount => flows;

    public int EntryRecordCount => sessions;

    public void ReadSlots(int first, Span<byte> records) => Slots.AsSpan(first * SlotRecord.Length, records.Length).CopyTo(records);

    public void WriteSlot(int index, ReadOnlySpan<byte> record) => record.CopyTo(Slots.AsSpan(index * SlotRecord.Length));

    public void ReadFlows(int first, Span<byte> records) => Flows.AsSpan(first * FlowRecord.Length, records.Length).CopyTo(records);

    public void WriteFlow(int index, ReadOnlySpan<byte> record) => record.CopyTo(Flows.AsSpan(index * FlowRecord.Length));

    public void ReadEntries(int first, Span<byte> records) => Entries.AsSpan(first * EntryRecord.Length, records.Length).CopyTo(records);

    public void WriteEntry(int index, ReadOnlySpan<byte> record)
    {
        EntryWrites.Add((index, record.ToArray()));
        record.CopyTo(Entries.AsSpan(index * EntryRecord.Length));
    }
}
