namespace Keyhole.Control;

/// <param name="Revision">Null where the caller only administers the server, and sees nothing of the organisation.</param>
/// <param name="Overlay">The overlay's prefixes; null as above.</param>
/// <param name="DeviceApproval">Whether a device that enrols waits for somebody to approve it; null as above.</param>
internal sealed record OrganisationView(string Name, long? Revision, IReadOnlyList<string>? Overlay, bool? DeviceApproval);
