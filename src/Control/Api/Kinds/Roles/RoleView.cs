namespace Keyhole.Control;

/// <param name="Fixed">One of the three that every organisation has, which do not change.</param>
/// <param name="Users">Those who have it, by e-mail address.</param>
internal sealed record RoleView(string Name, IReadOnlyList<string> Permissions, bool Fixed, IReadOnlyList<string> Users);
