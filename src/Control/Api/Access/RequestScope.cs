namespace Keyhole.Control;

/// <summary>Who asks, and about which organisation: what <see cref="AccessCheck"/> found, for the route.</summary>
/// <param name="Network">Null where the address names no organisation.</param>
internal sealed record RequestScope(Caller Caller, Network? Network);
