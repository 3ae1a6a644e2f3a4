namespace Keyhole.NetStack;

/// <summary>What is known about a <see cref="SentSegment"/>.</summary>
[Flags]
internal enum SegmentMarks : byte
{
    None = 0,

    /// <summary>The peer reported it by SACK; it may still take that back.</summary>
    Sacked = 1,

    /// <summary>Deemed lost and not transmitted again since.</summary>
    Lost = 2,

    /// <summary>Transmitted more than once.</summary>
    Retransmitted = 4,

    /// <summary>Ends with FIN.</summary>
    Fin = 8,

    /// <summary>Sent while the application had nothing more to send.</summary>
    AppLimited = 16,
}
