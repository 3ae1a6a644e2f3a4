namespace Keyhole.Control;

/// <summary>One resource for one role, user, machine or external client.</summary>
internal readonly record struct Grant(int Resource, PrincipalKind Kind, int Principal);
