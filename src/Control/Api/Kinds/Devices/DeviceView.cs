namespace Keyhole.Control;

/// <param name="User">Its owner's e-mail address; null for an archived device whose user is gone.</param>
/// <param name="State">"pending", "approved", "blocked" or "archived".</param>
/// <param name="LoggedIn">The login session that enrolled it lives. Without one it reaches nothing.</param>
/// <param name="Link">What Control knows of the device's connection.</param>
internal sealed record DeviceView(
    string Name,
    string? User,
    DeviceState State,
    string? PublicKey,
    IReadOnlyList<string> Addresses,
    bool LoggedIn,
    AgentStatus Link)
{
    public static string TagOf(Peer device) => EntityTag.Of(System.Text.Encoding.UTF8.GetBytes($"{device.Id} {device.Name} {device.DeviceState} {device.PublicKey}"));

    public static DeviceView Of(Network network, NetworkState state, Peer device)
    {
        var agent = new Agent(AgentKind.Device, device.Id);
        return new(
            device.Name,
            ViewIndex.Of(state).NameOf(device.Owner),
            device.DeviceState!.Value,
            device.PublicKey,
            [$"{device.Ipv4}", $"{device.Ipv6}"],
            ViewIndex.Of(state).CredentialsOf(agent).Any(),
            network.Hub.StatusOf(agent));
    }
}
