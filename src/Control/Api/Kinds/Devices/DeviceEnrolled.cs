namespace Keyhole.Control;

/// <summary>The only answer that holds the secret: Control keeps a hash of it.</summary>
/// <param name="Id">What the device dials Control with, beside the secret.</param>
/// <param name="Expires">When the login session ends at the latest, and the credential with it.</param>
internal sealed record DeviceEnrolled(
    string Organisation,
    string Name,
    DeviceState State,
    string Id,
    string Secret,
    DateTimeOffset? Expires,
    EnforcementView Enforcement);
