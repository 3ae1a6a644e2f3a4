namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A journal that outlives a relay of the test, and can be torn.</summary>
internal sealed class MemoryJournal(int agents, int flows) : IRelayJournal
{
    public byte[] Slots { get; } = new byte[2 * agents * SlotRecord.Length];

    public byte[] Flows { get; } = new byte[flows * FlowRecord.Length];

    public bool IsOfThisBoot { get; set; } = true;

    public void MarkAsOfThisBoot() => IsOfThisBoot = true;

    public int SlotRecordCount => 2 * agents;

    public int FlowRecordCount => flows;

    public void ReadSlot(int index, Span<byte> record) => Slots.AsSpan(index * SlotRecord.Length, SlotRecord.Length).CopyTo(record);

    public void WriteSlot(int index, ReadOnlySpan<byte> record) => record.CopyTo(Slots.AsSpan(index * SlotRecord.Length));

    public void ReadFlow(int index, Span<byte> record) => Flows.AsSpan(index * FlowRecord.Length, FlowRecord.Length).CopyTo(record);

    public void WriteFlow(int index, ReadOnlySpan<byte> record) => record.CopyTo(Flows.AsSpan(index * FlowRecord.Length));
}
