namespace Keyhole.Control;

/// <summary>A login session as its user sees it in a list.</summary>
/// <param name="Client">The browser or the machine, as it named itself.</param>
internal sealed record SessionEntry(
    long Id, SessionKind Kind, string Client, string? Address, DateTimeOffset LoggedInAt, DateTimeOffset UsedAt, DateTimeOffset Expires);
