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

    /// <summary>All records are of this boot from now on.</summary>
    void MarkAsOfThisBoot();

    void ReadSlot(int index, Span<byte> record);

    void WriteSlot(int index, ReadOnlySpan<byte> record);

    void ReadFlow(int index, Span<byte> record);

    void WriteFlow(int index, ReadOnlySpan<byte> record);
}
