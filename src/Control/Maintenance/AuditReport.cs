namespace Keyhole.Control;

/// <summary>What looking at the whole audit log has shown.</summary>
/// <param name="Count">The rows that there are.</param>
/// <param name="Head">The hash at the end: kept elsewhere, it proves later that nothing before it was changed, even by somebody who has the key.</param>
/// <param name="Problem">What is wrong, at the first place where something is; null when nothing is.</param>
internal sealed record AuditReport(long Count, string Head, string? Problem);
