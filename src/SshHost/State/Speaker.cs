namespace Keyhole.SshHost;

/// <summary>Who asks for something at a daemon.</summary>
/// <param name="Connector">The connector's WireGuard public key in base64; that it has the private one is proven.</param>
/// <param name="IsHere">It runs as root in this very process.</param>
internal sealed record Speaker(string Connector, bool IsHere);
