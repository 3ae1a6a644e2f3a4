namespace Keyhole.NetStack;

/// <summary>One transmitted and not yet acknowledged range of the sequence space.</summary>
internal struct SentSegment
{
    public uint Seq;

    /// <summary>Sequence space: payload, and one for a FIN.</summary>
    public int Length;

    /// <summary>When it was last transmitted.</summary>
    public long SentAt;

    // State of the delivery rate estimator at that time (draft-cheng-iccrg-delivery-rate-estimation section 3.2).
    public long Delivered;
    public long DeliveredAt;
    public long FirstSentAt;

    // Links of the list this segment is in: in flight, by time of transmission, or lost, in the order of detection.
    public ushort Next;
    public ushort Previous;

    public SegmentMarks Marks;

    public readonly uint End => Seq + (uint)Length;

    public readonly bool Is(SegmentMarks marks) => (Marks & marks) != 0;
}
