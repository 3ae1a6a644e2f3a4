namespace Keyhole.Contracts;

/// <summary>One host that people log in to by SSH, as the connectors of its site need it. Other agents get none.</summary>
/// <param name="Resource">The <see cref="ResourceRow.Id"/>.</param>
/// <param name="Authority">Names the organisation for ever: 32 lower-case hexadecimal digits.</param>
/// <param name="Daemon">Null: the connector is the auth daemon of its own host. Else where the host's own daemon listens.</param>
/// <param name="Trusted">Public keys of the organisation's CA, newest first, in the form of authorized_keys ("ssh-ed25519 AAAA…").</param>
/// <param name="Users">Identifiers of the users who may log in now, ascending. Accounts of all others are locked, their sessions ended.</param>
/// <param name="Revoked">Serials of certificates that must not be taken although they are still valid, ascending.</param>
/// <param name="HostCertificates">For the host's keys, in the form of a "-cert.pub" file.</param>
public sealed record SshRow(
    int Resource,
    string Authority,
    SshDaemon? Daemon,
    IReadOnlyList<string> Trusted,
    IReadOnlyList<int> Users,
    IReadOnlyList<long> Revoked,
    IReadOnlyList<string> HostCertificates) : IRow
{
    int IRow.Key => Resource;

    /// <summary>The <see cref="SiteRow.Id"/> of the resource: a host may be resources of several sites, whose connectors do not know each other.</summary>
    public int Site { get; init; }

    /// <summary>Supplementary groups of the host that the accounts of the resource have now, beside those that others gave them.</summary>
    public IReadOnlyList<string> Groups { get => field ?? []; init; }

    /// <summary>What the accounts of the resource may do as root now; null is nothing.</summary>
    public SshSudo? Sudo { get; init; }

    /// <summary>WireGuard public keys of the site's connectors in base64: who may speak for the organisation at the host's daemon.</summary>
    public IReadOnlyList<string> Connectors { get => field ?? []; init; }

    public bool Equals(SshRow? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Resource == other.Resource && Site == other.Site && Authority == other.Authority && Daemon == other.Daemon && Trusted.SequenceEqual(other.Trusted)
            && Users.SequenceEqual(other.Users) && Revoked.SequenceEqual(other.Revoked) && HostCertificates.SequenceEqual(other.HostCertificates)
            && Groups.SequenceEqual(other.Groups) && Sudo == other.Sudo && Connectors.SequenceEqual(other.Connectors));

    public override int GetHashCode() => HashCode.Combine(Resource, Authority, Users.Count);
}
