namespace Keyhole.Control;

/// <param name="Overlay">The addresses that stand for it inside the tunnel.</param>
/// <param name="OverlayOnly">Another site has the same addresses for this client: only <paramref name="Overlay"/> leads there.</param>
internal sealed record ExplainedResource(
    string Name, string Site, string Destination, string? Alias, IReadOnlyList<string> Overlay, bool OverlayOnly, string Tcp, string Udp, bool Icmp);
