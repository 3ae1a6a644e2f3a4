namespace Keyhole.NetStack;

/// <summary>The congestion controllers that a stack can be built with.</summary>
public enum CongestionAlgorithm
{
    /// <summary>RFC 9438 with HyStart++ (RFC 9406).</summary>
    Cubic,

    /// <summary>RFC 5681 and RFC 6582 window arithmetic.</summary>
    NewReno,
}
