namespace Keyhole.Control;

/// <param name="PublicKey">Set where a stock WireGuard node stands in for our connector.</param>
internal sealed record ConnectorDescription(string Name, string Site, string? PublicKey);
