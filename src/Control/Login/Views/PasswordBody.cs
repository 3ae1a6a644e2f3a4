namespace Keyhole.Control;

/// <summary>The body that changes a password.</summary>
internal sealed record PasswordBody(string Current, string New);
