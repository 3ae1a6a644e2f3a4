namespace Keyhole.Control;

/// <summary>A login session as its user sees it.</summary>
/// <param name="Current">The one that this request belongs to.</param>
internal sealed record SessionView(long Id, SessionKind Kind, string Client, string? Address, DateTimeOffset LoggedInAt, DateTimeOffset UsedAt, DateTimeOffset Expires, bool Current);
