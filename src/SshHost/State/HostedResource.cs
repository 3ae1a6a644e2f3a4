namespace Keyhole.SshHost;

/// <summary>One resource that this host serves: what its row said last.</summary>
internal sealed record HostedResource(
    string Authority,
    int Resource,
    string Organisation,
    IReadOnlyList<string> Trusted,
    IReadOnlyList<int> Users,
    IReadOnlyList<long> Revoked,
    IReadOnlyList<string> HostCertificates)
{
    public bool IsSameAs(HostedResource other) =>
        Authority == other.Authority && Resource == other.Resource && Organisation == other.Organisation && Trusted.SequenceEqual(other.Trusted)
        && Users.SequenceEqual(other.Users) && Revoked.SequenceEqual(other.Revoked) && HostCertificates.SequenceEqual(other.HostCertificates);
}
