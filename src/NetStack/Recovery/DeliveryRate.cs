namespace Keyhole.NetStack;

/// <summary>Delivery rate samples (draft-cheng-iccrg-delivery-rate-estimation), for controllers that model the path.</summary>
internal static class DeliveryRate
{
    /// <summary>Section 3.2: the state at transmission goes with the segment.</summary>
    public static void OnSent(TcpFlow flow, ref SentSegment segment, bool nothingInFlight, long now)
    {
        if (nothingInFlight)
            flow.FirstSentAt = flow.DeliveredAt = now;
        segment.Delivered = flow.Delivered;
        segment.DeliveredAt = flow.DeliveredAt;
        segment.FirstSentAt = flow.FirstSentAt;
        segment.Marks = flow.AppLimitedUntil != 0 ? segment.Marks | SegmentMarks.AppLimited : segment.Marks & ~SegmentMarks.AppLimited;
    }

    /// <summary>Section 3.3: of all segments that an acknowledgement delivers, the one sent last makes the sample.</summary>
    public static void OnDelivered(TcpFlow flow, in SentSegment segment, ref AckSample sample, long now)
    {
        flow.Delivered += segment.Length;
        flow.DeliveredAt = now;
        if (sample.HasRate && segment.Delivered < sample.RateDelivered)
            return;
        sample.HasRate = true;
        sample.RateDelivered = segment.Delivered;
        sample.RateDeliveredAt = segment.DeliveredAt;
        sample.RateSentAt = segment.SentAt;
        sample.RateFirstSentAt = segment.FirstSentAt;
        sample.RateAppLimited = segment.Is(SegmentMarks.AppLimited);
        flow.FirstSentAt = segment.SentAt;
    }

    /// <summary>Bytes per second by the slower of sending and acknowledging; 0 without a sample.</summary>
    public static long Measure(TcpFlow flow, in AckSample sample)
    {
        if (flow.AppLimitedUntil != 0 && flow.Delivered > flow.AppLimitedUntil)
            flow.AppLimitedUntil = 0;
        if (!sample.HasRate)
            return 0;
        long interval = Math.Max(sample.RateSentAt - sample.RateFirstSentAt, flow.DeliveredAt - sample.RateDeliveredAt);
        return interval <= 0 || interval < flow.Rtt.Minimum ? 0 : (flow.Delivered - sample.RateDelivered) * 1_000_000 / interval;
    }

    /// <summary>Section 3.4: the application has nothing more to send.</summary>
    public static void OnAppLimited(TcpFlow flow) => flow.AppLimitedUntil = Math.Max(1, flow.Delivered + flow.Scoreboard.InFlight);
}
