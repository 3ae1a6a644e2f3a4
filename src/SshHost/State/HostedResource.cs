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
    /// <summary>Whether it is the same row, whatever its slot.</summary>
    public bool IsSameAs(HostedResource other) =>
        Authority == other.Authority && Resource == other.Resource && Organisation == other.Organisation && Trusted.SequenceEqual(other.Trusted)
        && Users.SequenceEqual(other.Users) && Revoked.SequenceEqual(other.Revoked) && HostCertificates.SequenceEqual(other.HostCertificates);
}
