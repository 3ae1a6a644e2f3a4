namespace Keyhole.Control;

/// <summary>Two devices use one configuration, and take turns.</summary>
/// <param name="Addresses">Where the two are.</param>
internal sealed record ContestView(IReadOnlyList<string> Addresses, DateTimeOffset SeenAt);
