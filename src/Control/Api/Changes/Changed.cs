namespace Keyhole.Control;

/// <summary>The answer to a change.</summary>
/// <param name="Item">The object as it is now.</param>
/// <param name="Revision">The revision of the network now.</param>
internal sealed record Changed<T>(T Item, long Revision, EnforcementView Enforcement);
