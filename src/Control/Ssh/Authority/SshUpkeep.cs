using Keyhole.Ssh;

namespace Keyhole.Control;

/// <summary>
/// Completes every change of a network by what follows from it for logins by SSH: the first CA, host certificates, and the
/// certificates of people who lost what they were given for. It runs in the transaction of the change.
/// </summary>
internal sealed class SshUpkeep(SshVault vault)
{
    public static readonly TimeSpan HostValidity = TimeSpan.FromDays(30);
    public static readonly TimeSpan HostRenewal = TimeSpan.FromDays(10);

    /// <summary>How long a revoked certificate is listed after its end: a host whose clock is behind takes it for valid still.</summary>
    public static readonly TimeSpan RevokedFor = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>The next instant at which <see cref="Tend"/> has something to do by itself.</summary>
    public static DateTimeOffset? NextDue(SshState ssh) =>
        new[] { ssh.Issued.Where(issued => issued.Revoked).Min(issued => (DateTimeOffset?)issued.ValidUntil) + RevokedFor, ssh.Hosts.Min(host => host.CertificatesEnd) - HostRenewal }.Min();

    /// <param name="from">The network before the change.</param>
    /// <param name="to">After it.</param>
    /// <returns><paramref name="to"/> where nothing follows.</returns>
    public NetworkState Tend(NetworkState from, NetworkState to, DateTimeOffset now)
    {
        bool touched = !ReferenceEquals(from.Resources, to.Resources) || !ReferenceEquals(from.Users, to.Users) || !ReferenceEquals(from.Grants, to.Grants)
            || !ReferenceEquals(from.Peers, to.Peers) || !ReferenceEquals(from.Credentials, to.Credentials) || !ReferenceEquals(from.Ssh, to.Ssh);
        if (!touched && !(NextDue(to.Ssh) <= now))
            return to;
        bool used = to.Resources.Any(resource => resource.Ssh is not null);
        if (!used && to.Ssh == SshState.None)
            return to;
        var ssh = used ? SshAuthorities.Made(to.Ssh, vault, now) : to.Ssh;
        ssh = Forget(from, to, ssh);
        ssh = Revoke(to, ssh, now);
        var shared = new SharedNames(to);
        ssh = ssh with { Hosts = Same(ssh.Hosts, [.. ssh.Hosts.Select(host => Certify(to, ssh, host, shared, now))]) };
        if (ssh == to.Ssh)
            ssh = to.Ssh;
        bool visible = to.Revision == from.Revision && !ssh.LooksLike(from.Ssh);
        return visible ? to with { Ssh = ssh, Revision = from.Revision + 1 } : ReferenceEquals(ssh, to.Ssh) ? to : to with { Ssh = ssh };
    }

    /// <summary>What belongs to resources and users that are gone, goes; a resource that leads elsewhere has another host.</summary>
    private static SshState Forget(NetworkState from, NetworkState to, SshState ssh)
    {
        if (ReferenceEquals(from.Resources, to.Resources) && ReferenceEquals(from.Users, to.Users))
            return ssh;
        var before = from.Resources.Where(resource => resource.Ssh is not null).ToDictionary(resource => resource.Id);
        var after = to.Resources.Where(resource => resource.Ssh is not null).ToDictionary(resource => resource.Id);
        var users = to.Users.Select(user => user.Id).ToHashSet();
        var hosts = ssh.Hosts.Where(host => after.TryGetValue(host.Resource, out var now) && IsSameHost(before.GetValueOrDefault(host.Resource), now)).ToValueList();
        var kept = hosts.Select(host => host.Resource).ToHashSet();
        ssh = ssh with
        {
            Hosts = Same(ssh.Hosts, hosts),
            Accounts = Same(ssh.Accounts, [.. ssh.Accounts.Where(account => users.Contains(account.User))]),
            HostAccounts = Same(ssh.HostAccounts, [.. ssh.HostAccounts.Where(account => kept.Contains(account.Resource))]),
        };
        return hosts.Where(host => before[host.Resource].Destination != after[host.Resource].Destination).Aggregate(ssh, (left, host) => left.Anew(host));
    }

    /// <summary>The connector that is a host's daemon stays one, though it may be another's then; an external daemon is where the resource leads.</summary>
    private static bool IsSameHost(Resource? before, Resource after) =>
        before is not null && before.Site == after.Site && before.Ssh!.External == after.Ssh!.External
        && (!after.Ssh.External || (before.Destination == after.Destination && before.Ssh.Port == after.Ssh.Port));

    private static SshState Revoke(NetworkState to, SshState ssh, DateTimeOffset now)
    {
        if (ssh.Issued.Count == 0)
            return ssh;
        var issued = ssh.Issued.Where(issued => issued.ValidUntil + (issued.Revoked ? RevokedFor : TimeSpan.Zero) > now)
            .Select(issued => issued.Revoked || SshAccess.Holds(to, issued.User, issued.Device, issued.Resource) ? issued : issued with { Revoked = true });
        return ssh with { Issued = Same(ssh.Issued, [.. issued]) };
    }

    /// <summary>Every key of a host has a certificate of the newest CA key, with all names of the host.</summary>
    private SshHost Certify(NetworkState to, SshState ssh, SshHost host, SharedNames shared, DateTimeOffset now)
    {
        if (ssh.Keys.Count == 0 || host.HostKeys.Count == 0)
            return host.Certificates.Count == 0 ? host : host with { Certificates = [], CertificatesEnd = null };
        var newest = ssh.Keys[^1];
        var names = SshNames.OfHost(ssh.Authority!, host, to.Resources.First(resource => resource.Id == host.Resource), shared.Contains);
        if (host.CertificatesEnd - HostRenewal > now && IsUpToDate(host, newest, names))
            return host;
        var end = DateTimeOffset.FromUnixTimeSeconds((now + HostValidity).ToUnixTimeSeconds());
        var certificates = host.HostKeys.Select((key, index) => vault.Sign(ssh.Authority!, newest, new SshCertificateRequest(
            SshPublicKey.Parse(key)!, SshCertificateType.Host, (ulong)(now.ToUnixTimeMilliseconds() + index), names[0], names, now - Skew, end, [])));
        return host with { Certificates = certificates.ToValueList(), CertificatesEnd = end };
    }

    private static bool IsUpToDate(SshHost host, SshAuthorityKey newest, IReadOnlyList<string> names) =>
        host.Certificates.Count == host.HostKeys.Count
        && host.Certificates.Zip(host.HostKeys).All(pair => SshCertificate.Parse(pair.First) is { } certificate
            && certificate.Key.ToString() == pair.Second && certificate.Authority.ToString() == newest.PublicKey && certificate.Principals.SequenceEqual(names));

    private static ValueList<T> Same<T>(ValueList<T> old, ValueList<T> now) => old.Equals(now) ? old : now;
}
