namespace Keyhole.Control;

/// <summary>One row of the audit log.</summary>
/// <param name="Number">From 1 on, without gaps.</param>
/// <param name="Organisation">Null for what concerns the whole server.</param>
/// <param name="Revision">Of the organisation's network after the change; null where no network changed.</param>
/// <param name="Hash">Base64 of SHA-256 over the hash before it and this row.</param>
internal sealed record AuditRow(
    long Number,
    DateTimeOffset At,
    int? Organisation,
    string Actor,
    string? Address,
    string Action,
    string Subject,
    string? Before,
    string? After,
    long? Revision,
    string Hash);
