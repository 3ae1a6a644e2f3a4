namespace Keyhole.Control;

/// <summary>The body that makes the first account.</summary>
/// <param name="Organisation">A new one, or one that a network file has made; null for none.</param>
internal sealed record SetupBody(string Token, string Email, string Password, string? Organisation = null);
