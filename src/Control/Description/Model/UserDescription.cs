namespace Keyhole.Control;

internal sealed record UserDescription(string Email, ValueList<string> Roles);
