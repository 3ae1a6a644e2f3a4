namespace Keyhole.WireGuard;

/// <summary>Something that the owner of a device may want to log or act upon.</summary>
/// <param name="At">The time that was passed to the call during which it happened.</param>
public readonly record struct DeviceEvent(DeviceEventKind Kind, Peer Peer, long At);
