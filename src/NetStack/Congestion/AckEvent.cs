namespace Keyhole.NetStack;

/// <summary>What one acknowledgement tells a congestion controller.</summary>
internal readonly record struct AckEvent
{
    public required long Now { get; init; }

    /// <summary>Bytes that were delivered, cumulatively or by SACK.</summary>
    public required int Delivered { get; init; }

    /// <summary>The round-trip sample of this acknowledgement; 0 when it gave none.</summary>
    public required long Rtt { get; init; }

    public required long SmoothedRtt { get; init; }

    public required uint SndUna { get; init; }

    public required uint SndNxt { get; init; }

    /// <summary>The window was what held the sender back: only then it may grow (RFC 9438 section 5.8).</summary>
    public required bool IsWindowLimited { get; init; }

    /// <summary>Bytes per second; 0 when there was no sample.</summary>
    public required long DeliveryRate { get; init; }

    /// <summary>The application had too little to send for <see cref="DeliveryRate"/> to tell the path's capacity.</summary>
    public required bool IsRateAppLimited { get; init; }
}
