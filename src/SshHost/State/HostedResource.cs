using System.Text.Json.Serialization;
using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>One resource that this host serves: what its row said last.</summary>
/// <param name="Slot">Its place among the resources of the host, kept as long as it is there: which of the host's keys are certified for it.</param>
internal sealed record HostedResource(
    string Authority,
    int Resource,
    string Organisation,
    IReadOnlyList<string> Trusted,
    IReadOnlyList<int> Users,
    IReadOnlyList<long> Revoked,
    IReadOnlyList<string> HostCertificates,
    int Slot = 0)
{
    /// <summary>See <see cref="SshRow.Site"/>.</summary>
    public int Site { get; init; }

    /// <summary>See <see cref="SshRow.Groups"/>.</summary>
    public IReadOnlyList<string> Groups { get => field ?? []; init; }

    /// <summary>See <see cref="SshRow.Sudo"/>.</summary>
    public SshSudo? Sudo { get; init; }

    /// <summary>Those of the accounts that the resource ordered last.</summary>
    [JsonIgnore]
    public AccountRights Rights => AccountRights.Of(Groups, Sudo);

    /// <summary>See <see cref="SshRow.Connectors"/>. Kept with the site.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Connectors { get; init; } = [];

    /// <summary>Of the table that the row is from. Kept with the site.</summary>
    [JsonIgnore]
    public RowVersion Version { get; init; } = RowVersion.None;

    /// <summary>Whether the host is no resource of the organisation any more.</summary>
    [JsonIgnore]
    public bool IsWithdrawn => Trusted.Count == 0 && Users.Count == 0;

    public static HostedResource From(string organisation, SshRow row, RowVersion version) =>
        new(row.Authority, row.Resource, organisation, row.Trusted, row.Users, row.Revoked, row.HostCertificates) { Site = row.Site, Groups = row.Groups, Sudo = row.Sudo, Connectors = row.Connectors, Version = version };

    /// <summary>Whether it says the same, whatever its slot and from whatever table.</summary>
    public bool SaysTheSameAs(HostedResource other) =>
        Authority == other.Authority && Resource == other.Resource && Organisation == other.Organisation && Trusted.SequenceEqual(other.Trusted)
        && Users.SequenceEqual(other.Users) && Revoked.SequenceEqual(other.Revoked) && HostCertificates.SequenceEqual(other.HostCertificates) && Rights == other.Rights;
}
