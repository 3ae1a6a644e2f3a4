namespace Keyhole.Control;

/// <summary>Whether a change is in force, as far as it is known at the moment of the answer.</summary>
/// <param name="Status">
/// "enforced": every relay and connector that it concerns has confirmed it. "pending": those under "missing" have not yet, and
/// what was taken away may still work through them. "none": it concerns no relay and no connector.
/// </param>
internal sealed record EnforcementView(string Status, IReadOnlyList<EnforcedBy> Enforced, IReadOnlyList<NotEnforcedBy> Missing)
{
    public static EnforcementView Of(EnforcementReport report) => new(
        report.Missing.Count != 0 ? "pending" : report.Enforced.Count != 0 ? "enforced" : "none", report.Enforced, report.Missing);
}
