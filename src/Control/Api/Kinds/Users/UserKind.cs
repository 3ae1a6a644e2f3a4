using System.Globalization;

namespace Keyhole.Control;

internal sealed class UserKind : ObjectKind<User, UserInput, UserView>
{
    private const int MaximumDisplayName = 100;

    public override string Path => "users";

    public override string Word => "user";

    public override string ReadPermission => Permissions.UsersRead;

    public override string WritePermission => Permissions.UsersWrite;

    protected override IReadOnlyList<string> OwnMembers { get; } = ["displayName", "disabled"];

    public override IEnumerable<User> Items(NetworkState state) => state.Users;

    public override UserView View(Network network, NetworkState state, User item) => UserView.Of(state, item);

    /// <exception cref="ApiException">It is none.</exception>
    public static string? ReadDisplayName(string? text)
    {
        string? name = string.IsNullOrWhiteSpace(text) ? null : text.Trim();
        return name is null || (name.Length <= MaximumDisplayName && !name.Any(letter => char.IsControl(letter) || char.GetUnicodeCategory(letter) == UnicodeCategory.Format))
            ? name
            : throw ApiException.Field("displayName", $"this has control characters or more than {MaximumDisplayName} characters");
    }

    protected override (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node) =>
        reader.ReadUser(node, "") is { } user ? (user.Email, network => network with { Users = Put(network.Users, user, other => other.Email) }) : null;

    protected override NetworkState Complete(NetworkState state, User item, UserInput input)
    {
        string? name = ReadDisplayName(input.DisplayName);
        return state with { Users = Rename(state.Users, item.Id, user => user with { DisplayName = name, Disabled = input.Disabled ?? false }) };
    }

    protected override NetworkDescription Without(NetworkState state, NetworkDescription network, User item) => network with
    {
        Users = Without(network.Users, item.Email, user => user.Email),
        Grants = network.Grants.Where(grant => !(grant.Kind == PrincipalKind.User && Names.Comparer.Equals(grant.Principal, item.Email))).ToValueList(),
    };

    /// <summary>An address is a person: a user of another one would take over the devices, the grants and the accounts on hosts of the one before.</summary>
    /// <exception cref="ApiException">It is another one, not the same in other letters.</exception>
    protected override NetworkState Rename(NetworkState state, User item, string name) => Names.Comparer.Equals(item.Email, name)
        ? state with { Users = Rename(state.Users, item.Id, user => user with { Email = name }) }
        : throw ApiException.Field("email", $"this is another address: for the same person send it to POST …/users/{item.Email}/email; for another person remove this user and add one");
}
