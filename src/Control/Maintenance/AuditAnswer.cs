namespace Keyhole.Control;

/// <param name="Rows">The newest first.</param>
/// <param name="Organisations">The names of those that are there still, by their identifier.</param>
internal sealed record AuditAnswer(IReadOnlyList<AuditRow> Rows, IReadOnlyDictionary<int, string> Organisations);
