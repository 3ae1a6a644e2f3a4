namespace Keyhole.Contracts;

/// <summary>The name server that a relay is for stock WireGuard apps, inside the tunnel.</summary>
/// <param name="Addresses">Overlay addresses, one of each family, on port 53.</param>
/// <param name="Forward">"192.0.2.1:53": who is asked for all names that were not granted, best first. Empty: those queries are refused.</param>
public sealed record RelayNames(IReadOnlyList<string> Addresses, IReadOnlyList<string> Forward)
{
    /// <summary>Servers in <see cref="Forward"/>: more are not asked.</summary>
    public const int MaximumForward = 3;

    public bool Equals(RelayNames? other) => other is not null && Addresses.SequenceEqual(other.Addresses) && Forward.SequenceEqual(other.Forward);

    public override int GetHashCode() => HashCode.Combine(Addresses.Count, Forward.Count);
}
