namespace Keyhole.Control;

/// <summary>Who may log in where. Grant, resource and port rule are each necessary.</summary>
internal static class SshAccess
{
    public const int Port = 22;

    /// <summary>Whether people log in there at all.</summary>
    public static bool IsOpen(Resource resource) => resource.Ssh is not null && resource.Tcp.Any(range => range.First <= Port && Port <= range.Last);

    public static bool IsGranted(NetworkState state, User user, int resource) => state.Grants.Any(grant => grant.Resource == resource
        && (grant.Kind == PrincipalKind.User ? grant.Principal == user.Id : grant.Kind == PrincipalKind.Role && user.Roles.Contains(grant.Principal)));

    /// <summary>Whether the access that a certificate was given for is still there.</summary>
    public static bool Holds(NetworkState state, int user, int device, int resource) =>
        state.Users.FirstOrDefault(other => other.Id == user) is { Disabled: false } person
        && state.Resources.FirstOrDefault(other => other.Id == resource) is { } target && IsOpen(target) && IsGranted(state, person, resource)
        && state.Peers.FirstOrDefault(other => other.Id == device) is { DeviceState: DeviceState.Approved, Enabled: true, Expired: false } peer && peer.Owner == user
        && state.Credentials.Any(credential => credential.Agent == new Agent(AgentKind.Device, device));
}
