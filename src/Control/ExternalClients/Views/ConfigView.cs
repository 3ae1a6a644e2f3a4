namespace Keyhole.Control;

/// <summary>The configuration that was shown last.</summary>
/// <param name="Outdated">Why the device needs a new one; empty while it does not.</param>
internal sealed record ConfigView(DateTimeOffset ShownAt, IReadOnlyList<string> Outdated);
