namespace Keyhole.Control;

internal sealed record RoleDescription(string Name, ValueList<string> Permissions);
