namespace Keyhole.Control;

/// <summary>Who has just logged in.</summary>
/// <param name="Session">The identifier of the session, not its token.</param>
internal sealed record LoginView(string Email, bool IsServerAdmin, long Session, DateTimeOffset Expires);
