namespace Keyhole.Control;

/// <param name="PublicKey">Set where a stock WireGuard node stands in for our client.</param>
internal sealed record MachineDescription(string Name, string? PublicKey);
