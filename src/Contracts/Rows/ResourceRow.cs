namespace Keyhole.Contracts;

/// <summary>A destination on a site. TCP and UDP ports are inclusive ranges; an empty list means none.</summary>
/// <param name="Destination">An IP address, a CIDR prefix, or a name that the connector resolves.</param>
/// <param name="Overlay">
/// Overlay prefixes that stand for the destination, at most one per family, with as many host bits as the destination:
/// the address is translated by replacing the prefix. A host or a name has /32 and /128.
/// </param>
/// <param name="Alias">A DNS name for the overlay address, may hold * and ?, or null.</param>
public sealed record ResourceRow(
    int Id,
    int Site,
    string Name,
    string Destination,
    IReadOnlyList<string> Overlay,
    string? Alias,
    IReadOnlyList<PortRange> Tcp,
    IReadOnlyList<PortRange> Udp,
    bool Icmp) : IRow
{
    int IRow.Key => Id;

    public bool Equals(ResourceRow? other) =>
        ReferenceEquals(this, other) || (other is not null && Id == other.Id && Site == other.Site && Name == other.Name && Destination == other.Destination
        && Alias == other.Alias && Icmp == other.Icmp && Overlay.SequenceEqual(other.Overlay)
        && Tcp.SequenceEqual(other.Tcp) && Udp.SequenceEqual(other.Udp));

    public override int GetHashCode() => HashCode.Combine(Id, Site, Name, Destination);
}
