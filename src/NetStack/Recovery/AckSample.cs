namespace Keyhole.NetStack;

/// <summary>What one acknowledgement delivered, gathered while it is taken apart.</summary>
internal ref struct AckSample
{
    /// <summary>Bytes newly acknowledged or sacked.</summary>
    public int Delivered;

    /// <summary>SND.UNA moved.</summary>
    public bool Advanced;

    /// <summary>Something was sacked that was not before.</summary>
    public bool Sacked;

    /// <summary>A segment was delivered that had been transmitted once only, before the last timeout.</summary>
    public bool OriginalDelivered;

    /// <summary>Among what was delivered is something that was sent more than once.</summary>
    public bool RetransmittedDelivered;

    /// <summary>The peer reported a duplicate (RFC 2883).</summary>
    public bool Duplicate;

    /// <summary>Neither data, nor a window, nor progress: what RFC 5681 section 2 calls a duplicate acknowledgement.</summary>
    public bool IsDuplicateAck;

    /// <summary>Transmission times of the oldest and the youngest segment delivered at the first attempt; 0 for none.</summary>
    public long OldestSentAt;
    public long YoungestSentAt;

    // The most recently sent segment that was delivered, for the delivery rate.
    public bool HasRate;
    public long RateDelivered;
    public long RateDeliveredAt;
    public long RateSentAt;
    public long RateFirstSentAt;
    public bool RateAppLimited;

    /// <summary>The round-trip time without what the peer held back; 0 for none.</summary>
    public readonly long ShortestRtt(long now) => YoungestSentAt == 0 || RetransmittedDelivered ? 0 : Math.Max(1, now - YoungestSentAt);
}
