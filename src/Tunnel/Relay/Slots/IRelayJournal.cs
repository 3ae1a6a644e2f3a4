namespace Keyhole.Tunnel;

/// <summary>
/// Memory that outlives the process: fixed records, written in place while the relay runs, so that a kill at any instant loses nothing. Every
/// record ends in a check word; one that does not match is an empty record. No secret is ever written.
/// </summary>
public interface IRelayJournal
{
    /// <summary>Whether the records were written since the machine started; addresses and flows of an earlier boot mean nothing.</summary>
    bool IsOfThisBoot { get; }

    /// <summary>Records of <see cref="SlotRecord.Length"/> bytes; two for each agent, written in turn.</summary>
    int SlotRecordCount { get; }

    /// <summary>Records of <see cref="FlowRecord.Length"/> bytes.</summary>
    int FlowRecordCount { get; }

    /// <summary>Records of <see cref="EntryRecord.Length"/> bytes, one for each session that is forwarded blindly.</summary>
    int EntryRecordCount { get; }

    /// <summary>All records are of this boot from now on.</summary>
    void MarkAsOfThisBoot();

    /// <summary>Reads as many records as the span holds, one after the other.</summary>
    void ReadSlots(int first, Span<byte> records);

    void WriteSlot(int index, ReadOnlySpan<byte> record);

    /// <summary>Reads as many records as the span holds, one after the other.</summary>
    void ReadFlows(int first, Span<byte> records);

    void WriteFlow(int index, ReadOnlySpan<byte> record);

    /// <summary>Reads as many records as the span holds, one after the other.</summary>
    void ReadEntries(int first, Span<byte> records);

    void WriteEntry(int index, ReadOnlySpan<byte> record);
}
