namespace Keyhole.Control;

/// <summary>Who did what: kept with the change itself, in the same transaction. No secret is ever in it.</summary>
/// <param name="Action">"apply", "rotate-credential", "report-key", "expire", "make-config".</param>
/// <param name="Subject">What it was done to: "org acme", "external-client phone".</param>
/// <param name="Before">What was there; null where there was nothing, or nothing worth telling.</param>
/// <param name="After">What is there now.</param>
internal sealed record AuditEntry(Actor Actor, string Action, string Subject, string? Before = null, string? After = null);
