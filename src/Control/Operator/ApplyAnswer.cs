namespace Keyhole.Control;

/// <param name="Errors">What is wrong in the file; then nothing else is set.</param>
/// <param name="Applied">The changes are stored. False for a plan, and when there was nothing to do.</param>
/// <param name="Revision">The network's revision now.</param>
internal sealed record ApplyAnswer(
    IReadOnlyList<Finding> Errors,
    Plan? Plan,
    bool Applied,
    long Revision,
    EnforcementReport Enforcement);
