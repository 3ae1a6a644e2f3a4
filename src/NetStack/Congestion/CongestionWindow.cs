namespace Keyhole.NetStack;

/// <summary>The two variables that a congestion controller governs (RFC 5681 section 3.1), in bytes.</summary>
internal struct CongestionWindow
{
    /// <summary>No window is useful beyond this, and no arithmetic near it overflows.</summary>
    public const int Maximum = 1 << 29;

    public int Size;
    public int SlowStartThreshold;
    public int SegmentSize;

    public readonly bool InSlowStart => Size < SlowStartThreshold;

    /// <summary>RFC 6928: ten segments.</summary>
    public readonly int Initial => (int)Math.Min(10L * SegmentSize, Math.Max(2L * SegmentSize, 14_600));

    public void Grow(long length) => Size = (int)Math.Min(Maximum, Size + length);
}
