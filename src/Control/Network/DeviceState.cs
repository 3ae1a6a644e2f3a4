namespace Keyhole.Control;

/// <summary>
/// <code>
/// Pending → Approved ⇄ Blocked
///    └──────────┴─────────┴──→ Archived
/// </code>
/// </summary>
internal enum DeviceState
{
    /// <summary>Enrolled, and waiting for somebody to approve it.</summary>
    Pending,

    /// <summary>Reaches what its owner was granted.</summary>
    Approved,

    /// <summary>Reaches nothing until somebody lets it again.</summary>
    Blocked,

    /// <summary>Gone for good: kept for the record, without credential.</summary>
    Archived,
}
