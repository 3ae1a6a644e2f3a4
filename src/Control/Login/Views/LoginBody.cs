namespace Keyhole.Control;

/// <summary>The body of a login by password.</summary>
/// <param name="Code">A one-time code or a recovery code.</param>
internal sealed record LoginBody(string Email, string Password, string? Code = null);
