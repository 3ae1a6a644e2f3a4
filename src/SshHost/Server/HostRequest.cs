namespace Keyhole.SshHost;

/// <summary>The body of PUT /v1/hosts/{authority}/{resource}: the row, without what the path and the connection say.</summary>
internal sealed record HostRequest(
    string Organisation,
    IReadOnlyList<string> Trusted,
    IReadOnlyList<int> Users,
    IReadOnlyList<long> Revoked,
    IReadOnlyList<string> HostCertificates);
