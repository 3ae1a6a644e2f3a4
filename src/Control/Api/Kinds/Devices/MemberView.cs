namespace Keyhole.Control;

/// <summary>What a user sees of itself.</summary>
/// <param name="Permissions">What its roles let it do here.</param>
/// <param name="Resources">What its devices reach.</param>
internal sealed record MemberView(
    string Organisation,
    UserView User,
    IReadOnlyList<string> Permissions,
    IReadOnlyList<DeviceView> Devices,
    IReadOnlyList<ResourceView> Resources);
