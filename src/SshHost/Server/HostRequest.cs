using Keyhole.Contracts;

namespace Keyhole.SshHost;

/// <summary>The body of PUT /v1/hosts/{authority}/{resource}: the row, without what the path and the connection say, and the table that it is from.</summary>
internal sealed record HostRequest(
    string Organisation,
    int Site,
    RowVersion Version,
    IReadOnlyList<string> Trusted,
    IReadOnlyList<int> Users,
    IReadOnlyList<long> Revoked,
    IReadOnlyList<string> HostCertificates,
    IReadOnlyList<string> Groups,
    SshSudo? Sudo,
    IReadOnlyList<string> Connectors)
{
    public static HostRequest From(string organisation, SshRow row, RowVersion version) =>
        new(organisation, row.Site, version, row.Trusted, row.Users, row.Revoked, row.HostCertificates, row.Groups, row.Sudo, row.Connectors);

    public HostedResource ToResource(string authority, int resource) =>
        new(authority, resource, Organisation, Trusted, Users, Revoked, HostCertificates) { Site = Site, Groups = Groups, Sudo = Sudo, Connectors = Connectors, Version = Version };
}
