namespace Keyhole.Control;

/// <summary>Who did what: kept with the change itself, in the same transaction.</summary>
/// <param name="Actor">"operator", "relay vps", "time".</param>
/// <param name="Action">"apply", "rotate-credential", "report-key", "expire", "make-config".</param>
/// <param name="Subject">What it was done to.</param>
/// <param name="Detail">One line, without secrets.</param>
internal sealed record AuditEntry(string Actor, string Action, string Subject, string Detail);
