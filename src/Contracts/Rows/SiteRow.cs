namespace Keyhole.Contracts;

/// <summary>A private network with its connectors (<see cref="PeerRow.Site"/>).</summary>
public sealed record SiteRow(int Id, string Name) : IRow
{
    int IRow.Key => Id;
}
