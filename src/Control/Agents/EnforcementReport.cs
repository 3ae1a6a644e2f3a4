namespace Keyhole.Control;

/// <summary>Who follows a revision, and who does not yet.</summary>
internal sealed record EnforcementReport(IReadOnlyList<EnforcedBy> Enforced, IReadOnlyList<NotEnforcedBy> Missing)
{
    public static EnforcementReport Nobody { get; } = new([], []);

    /// <summary>In words, one line for each agent.</summary>
    public IEnumerable<string> ToLines() =>
        Enforced.Select(enforced => $"  {enforced.Agent} follows it since {enforced.At:HH:mm:ss.fff}Z, after {enforced.Milliseconds} ms{(enforced.FlowsCut == 0 ? "" : $", {enforced.FlowsCut} flows cut")}.")
            .Concat(Missing.Select(missing => $"  {missing.Agent} does not follow it yet: {missing.Reason}."));
}
