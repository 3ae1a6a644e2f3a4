namespace Keyhole.Contracts;

/// <summary>Ports from <paramref name="First"/> to <paramref name="Last"/>, both included, 1 to 65535.</summary>
public readonly record struct PortRange(int First, int Last);
