namespace Keyhole.Control;

/// <summary>Who follows a revision, and who does not yet.</summary>
internal sealed record EnforcementReport(IReadOnlyList<EnforcedBy> Enforced, IReadOnlyList<NotEnforcedBy> Missing)
{
    public static EnforcementReport Nobody { get; } = new([], []);
}
