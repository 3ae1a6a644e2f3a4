namespace Keyhole.Control;

/// <summary>A login session as its user sees it.</summary>
/// <param name="Current">The one that this request belongs to.</param>
/// <param name="Idle">The browser let it rest too long and has to log in again; devices that it enrolled go on until the session ends.</param>
internal sealed record SessionView(long Id, SessionKind Kind, string Client, string? Address, DateTimeOffset LoggedInAt, DateTimeOffset UsedAt, DateTimeOffset Expires, bool Current, bool Idle);
