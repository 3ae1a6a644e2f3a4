namespace Keyhole.Control;

/// <param name="Name">"machine ci".</param>
/// <param name="Obstacle">Why it has no tunnel; null for none that Control knows of.</param>
internal sealed record ExplainedClient(string Name, IReadOnlyList<string> Addresses, string? Obstacle);
