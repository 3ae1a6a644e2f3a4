namespace Keyhole.Control;

/// <summary>The body of what matters so much that the password is asked again.</summary>
internal sealed record ConfirmBody(string Password);
