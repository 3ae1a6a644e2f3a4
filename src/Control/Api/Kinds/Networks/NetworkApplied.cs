namespace Keyhole.Control;

/// <param name="Plan">What changed, or would change.</param>
/// <param name="Applied">The changes are stored. False for a plan, and when there was nothing to do.</param>
/// <param name="Revision">The revision of the network now.</param>
internal sealed record NetworkApplied(Plan Plan, bool Applied, long Revision, EnforcementView Enforcement);
