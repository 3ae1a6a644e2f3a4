namespace Keyhole.Tunnel;

/// <summary>What the name server inside the tunnel did with queries.</summary>
/// <param name="Answered">From what was granted, and malformed ones that got an error.</param>
/// <param name="Refused">For names that were not granted, where nobody else is asked.</param>
/// <param name="Forwarded">Answered by a server elsewhere.</param>
/// <param name="Failed">No server elsewhere answered, or too many queries waited for one.</param>
public readonly record struct NameCounts(long Answered, long Refused, long Forwarded, long Failed);
