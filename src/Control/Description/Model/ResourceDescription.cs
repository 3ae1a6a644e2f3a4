namespace Keyhole.Control;

internal sealed record ResourceDescription(
    string Name,
    string Site,
    Destination Destination,
    string? Alias,
    ValueList<PortRange> Tcp,
    ValueList<PortRange> Udp,
    bool Icmp)
{
    /// <summary>Null: nobody logs in there by SSH.</summary>
    public SshSettings? Ssh { get; init; }
}
