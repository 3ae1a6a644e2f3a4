namespace Keyhole.Control;

/// <param name="Roles">By name.</param>
/// <param name="Devices">By name, without archived ones.</param>
internal sealed record UserView(string Email, IReadOnlyList<string> Roles, string? DisplayName, bool Disabled, IReadOnlyList<string> Devices)
{
    public static UserView Of(NetworkState state, User item) => new(
        item.Email,
        [.. item.Roles.Order().Select(role => ViewIndex.Of(state).NameOf(role)).OfType<string>()],
        item.DisplayName,
        item.Disabled,
        [.. ViewIndex.Of(state).DevicesOf(item.Id)]);
}
