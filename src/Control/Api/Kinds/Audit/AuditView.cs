namespace Keyhole.Control;

/// <param name="Number">Rows are numbered over the whole server, so that an organisation sees gaps.</param>
/// <param name="Hash">Covers this row and all before it.</param>
internal sealed record AuditView(
    long Number,
    DateTimeOffset At,
    string Actor,
    string? Address,
    string Action,
    string Subject,
    string? Before,
    string? After,
    long? Revision,
    string Hash);
