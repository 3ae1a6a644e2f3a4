namespace Keyhole.Control;

/// <summary>A machine that waits for somebody to let it log in, as that person sees it.</summary>
/// <param name="Client">What the machine says that it is.</param>
/// <param name="Address">Where it asked from.</param>
internal sealed record DeviceRequest(string UserCode, string Client, string? Address, DateTimeOffset AskedAt);
