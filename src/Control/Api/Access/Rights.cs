namespace Keyhole.Control;

/// <summary>What a user may do in its organisation: the union of its roles' permissions, nothing once it is disabled.</summary>
internal static class Rights
{
    public static User? FindUser(NetworkState state, string email) =>
        state.Users.FirstOrDefault(user => !user.Disabled && Names.Comparer.Equals(user.Email, email));

    public static IReadOnlySet<string> Of(NetworkState state, User user) => user.Disabled
        ? new HashSet<string>()
        : state.Roles.Where(role => user.Roles.Contains(role.Id)).SelectMany(role => role.Permissions).ToHashSet(StringComparer.Ordinal);
}
