namespace Keyhole.Control;

/// <summary>The answer to a removal.</summary>
/// <param name="Revision">The revision of the network now.</param>
internal sealed record Removed(long Revision, EnforcementView Enforcement);
