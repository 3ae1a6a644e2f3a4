namespace Keyhole.Control;

/// <param name="Password">A new password; null for a link by which its owner sets one, or where none is meant.</param>
internal sealed record RescueRequest(string Email, string? Password = null);
