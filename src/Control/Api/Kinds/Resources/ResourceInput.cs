namespace Keyhole.Control;

internal sealed record ResourceInput
{
    public required string Name { get; init; }

    public required string Site { get; init; }

    /// <summary>An address, a CIDR prefix, or a name that the connector resolves.</summary>
    public required string Destination { get; init; }

    /// <summary>A DNS name; * and ? may stand in any label but the last.</summary>
    public string? Alias { get; init; }

    /// <summary>"" none, "*" all, "22,80,8000-8100".</summary>
    public string? Tcp { get; init; }

    /// <summary>"" none, "*" all, "22,80,8000-8100".</summary>
    public string? Udp { get; init; }

    public bool? Icmp { get; init; }

    /// <summary>Null: nobody logs in there by SSH.</summary>
    public SshInput? Ssh { get; init; }
}
