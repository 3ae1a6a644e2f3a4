namespace Keyhole.Control;

/// <summary>One resource for one principal, by their names as they are written in the lists.</summary>
internal readonly record struct GrantDescription(string Resource, PrincipalKind Kind, string Principal);
