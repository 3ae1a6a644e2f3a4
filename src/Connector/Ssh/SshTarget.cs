using System.Text.Json.Serialization;
using Keyhole.Contracts;
using Keyhole.SshHost;

namespace Keyhole.Connector;

/// <summary>One host that people log in to by SSH, as the table has it.</summary>
/// <param name="Organisation">Its name.</param>
/// <param name="Name">The resource's name.</param>
/// <param name="Destination">The resource's destination; null where the table has no such resource.</param>
internal sealed record SshTarget(string Organisation, string Name, string? Destination, SshRow Row)
{
    /// <summary>Of the table. The same words in a newer table are no news: it is left out of comparisons, and of the file of hosts that were met.</summary>
    [JsonIgnore]
    public RowVersion Version { get; init; } = RowVersion.None;

    /// <summary>Where the daemon is, for people.</summary>
    public string Daemon => Row.Daemon is not { } daemon ? "in this process" : daemon.Host.Contains(':', StringComparison.Ordinal) ? $"[{daemon.Host}]:{daemon.Port}" : $"{daemon.Host}:{daemon.Port}";

    /// <summary>Every target of the table, by resource.</summary>
    public static Dictionary<int, SshTarget> From(Table table, RowVersion version)
    {
        var targets = new Dictionary<int, SshTarget>();
        if (table.Ssh.Count == 0)
            return targets;
        var resources = new Dictionary<int, ResourceRow>();
        foreach (var resource in table.Resources)
            resources[resource.Id] = resource;
        foreach (var row in table.Ssh)
        {
            var resource = resources.GetValueOrDefault(row.Resource);
            targets[row.Resource] = new SshTarget(table.Organisation, resource?.Name ?? $"resource {row.Resource}", resource?.Destination, row) { Version = version };
        }

        return targets;
    }

    public bool Equals(SshTarget? other) =>
        other is not null && (Organisation, Name, Destination) == (other.Organisation, other.Name, other.Destination) && Row.Equals(other.Row);

    public override int GetHashCode() => HashCode.Combine(Organisation, Name, Row);

    /// <summary>Whether both are asked of the same daemon, as far as the table says.</summary>
    public bool HasDaemonOf(SshTarget other) => Row.Authority == other.Row.Authority && (Row.Daemon?.Host, Row.Daemon?.Port) == (other.Row.Daemon?.Host, other.Row.Daemon?.Port);

    /// <summary>Whether nobody may log in there any more.</summary>
    public bool IsWithdrawn => Row.Trusted.Count == 0 && Row.Users.Count == 0;

    /// <summary>The same host with nothing to trust and nobody to let in, as a later table has it.</summary>
    public SshTarget Withdrawn(RowVersion version) => this with { Row = Row with { Trusted = [], Users = [], HostCertificates = [] }, Version = version };
}
