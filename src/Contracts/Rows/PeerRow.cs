namespace Keyhole.Contracts;

/// <summary>An agent or app with a static key that may register at the relay.</summary>
/// <param name="PublicKey">Base64 of 32 bytes; null until known, and then the peer cannot register yet.</param>
/// <param name="PresharedKey">Base64 of 32 bytes, or null for none.</param>
/// <param name="Addresses">Overlay addresses, for clients: one IPv4 and one IPv6. Empty for connectors.</param>
/// <param name="Site">The site of a connector; null for clients.</param>
/// <param name="Stock">True where a stock WireGuard node stands in: it gets no control message.</param>
/// <param name="Draining">A connector that finishes its flows and takes no new ones.</param>
public sealed record PeerRow(
    int Id,
    PeerKind Kind,
    string Name,
    string? PublicKey,
    string? PresharedKey,
    IReadOnlyList<string> Addresses,
    int? Site,
    bool Stock,
    bool Draining) : IRow
{
    int IRow.Key => Id;

    public bool Equals(PeerRow? other) =>
        ReferenceEquals(this, other) || (other is not null && Id == other.Id && Kind == other.Kind && Name == other.Name && PublicKey == other.PublicKey
        && PresharedKey == other.PresharedKey && Site == other.Site && Stock == other.Stock && Draining == other.Draining
        && Addresses.SequenceEqual(other.Addresses));

    public override int GetHashCode() => HashCode.Combine(Id, Kind, Name);

    /// <summary>Names the peer without its preshared key.</summary>
    public override string ToString() => $"{Kind} {Id} {Name}";
}
