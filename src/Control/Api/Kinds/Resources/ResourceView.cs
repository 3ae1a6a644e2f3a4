namespace Keyhole.Control;

/// <param name="Overlay">The prefixes by which clients reach it without naming its native addresses.</param>
internal sealed record ResourceView(
    string Name,
    string Site,
    string Destination,
    string? Alias,
    string Tcp,
    string Udp,
    bool Icmp,
    SshInput? Ssh,
    IReadOnlyList<string> Overlay)
{
    public static ResourceView Of(NetworkState state, Resource item) => new(
        item.Name,
        ViewIndex.Of(state).NameOf(item.Site)!,
        item.Destination.Text,
        item.Alias,
        PortSyntax.Format(item.Tcp),
        PortSyntax.Format(item.Udp),
        item.Icmp,
        SshInput.Of(item.Ssh),
        [.. item.OverlayPrefixes.Select(prefix => prefix.ToString())]);
}
