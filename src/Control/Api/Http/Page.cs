namespace Keyhole.Control;

/// <summary>A part of a list.</summary>
/// <param name="Next">What to send as "after" for the next part; null at the end.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
