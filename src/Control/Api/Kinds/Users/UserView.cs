namespace Keyhole.Control;

/// <param name="Roles">By name.</param>
/// <param name="Devices">By name, without archived ones.</param>
internal sealed record UserView(string Email, IReadOnlyList<string> Roles, string? DisplayName, bool Disabled, IReadOnlyList<string> Devices)
{
    public static UserView Of(NetworkState state, User item) => new(
        item.Email,
        [.. state.Roles.Where(role => item.Roles.Contains(role.Id)).Select(role => role.Name)],
        item.DisplayName,
        item.Disabled,
        [.. state.Peers.Where(peer => peer.Owner == item.Id && peer.DeviceState != DeviceState.Archived).Select(peer => peer.Name)]);
}
