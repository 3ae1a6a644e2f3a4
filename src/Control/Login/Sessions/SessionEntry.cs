namespace Keyhole.Control;

/// <summary>A login session as its user sees it in a list.</summary>
/// <param name="Client">The browser or the machine, as it named itself.</param>
/// <param name="IsIdle">The browser let it rest too long and has to log in again; devices that it enrolled go on until the session ends.</param>
internal sealed record SessionEntry(
    long Id, SessionKind Kind, string Client, string? Address, DateTimeOffset LoggedInAt, DateTimeOffset UsedAt, DateTimeOffset Expires, bool IsIdle);
