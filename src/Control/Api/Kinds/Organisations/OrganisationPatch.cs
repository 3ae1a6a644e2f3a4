namespace Keyhole.Control;

internal sealed record OrganisationPatch
{
    /// <summary>Whether a device that enrols waits for somebody to approve it.</summary>
    public required bool DeviceApproval { get; init; }
}
