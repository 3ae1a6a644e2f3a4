using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Keyhole.Control;

/// <summary>Writes the rows in which two states differ. Foreign keys are checked when the transaction is committed.</summary>
internal sealed class StateWriter
{
    private readonly DbConnection _connection;
    private readonly DbTransaction _transaction;
    private readonly int _organisation;

    private StateWriter(DbConnection connection, DbTransaction transaction, int organisation)
    {
        _connection = connection;
        _transaction = transaction;
        _organisation = organisation;
    }

    /// <returns>What is stored now.</returns>
    public static StoredNetwork Write(DbConnection connection, DbTransaction transaction, StoredNetwork from, NetworkState to)
    {
        long number = from.ChangeNumber + 1;
        var row = new
        {
            Organisation = from.Organisation,
            Name = to.Organisation,
            OverlayIpv6 = Overlay.FromUInt128(to.OverlayIpv6).ToString(),
            to.Revision,
            Number = number,
            to.Cursors.Id,
            to.Cursors.Client,
            to.Cursors.ResourceIpv4,
            to.Cursors.ResourceIpv6,
            to.Cursors.Subnet,
        };
        int organisation = from.Organisation;
        if (organisation == 0)
        {
            organisation = (int)connection.QuerySingle<long>(
                """
                INSERT INTO organisation (name, overlay_ipv6, revision, change_number, next_id, next_client, next_resource_ipv4, next_resource_ipv6, next_subnet)
                VALUES (@Name, @OverlayIpv6, @Revision, @Number, @Id, @Client, @ResourceIpv4, @ResourceIpv6, @Subnet) RETURNING id
                """,
                row, transaction);
        }
        else
        {
            connection.Execute(
                """
                UPDATE organisation SET name = @Name, overlay_ipv6 = @OverlayIpv6, revision = @Revision, change_number = @Number, next_id = @Id,
                    next_client = @Client, next_resource_ipv4 = @ResourceIpv4, next_resource_ipv6 = @ResourceIpv6, next_subnet = @Subnet
                WHERE id = @Organisation
                """,
                row, transaction);
        }

        new StateWriter(connection, transaction, organisation).Write(from.State, to);
        return new StoredNetwork(organisation, to, number);
    }

    private void Write(NetworkState from, NetworkState to)
    {
        Replace("relay", from.Relays, to.Relays, relay => Insert("relay", new
        {
            Organisation = _organisation,
            relay.Id,
            relay.Name,
            Endpoints = Json(relay.Endpoints),
            Gateway = Number(relay.Gateway),
            relay.PublicKey,
            TlsEndpoints = Json(relay.TlsEndpoints),
            TlsPort = relay.Tls?.Port,
            TlsPin = relay.Tls?.Pin,
            DnsForward = Json(relay.DnsForward),
        }));
        Replace("site", from.Sites, to.Sites, site => Insert("site", new { Organisation = _organisation, site.Id, site.Name }));
        Replace("org_role", from.Roles, to.Roles, role => Insert("org_role", new
        {
            Organisation = _organisation,
            role.Id,
            role.Name,
            Permissions = Json(role.IsFixed ? [] : role.Permissions),
        }));
        Replace("org_user", from.Users, to.Users, user => Insert("org_user", new
        {
            Organisation = _organisation,
            user.Id,
            user.Email,
            user.DisplayName,
            Disabled = Number(user.Disabled),
        }));
        Replace("peer", from.Peers, to.Peers, Insert);
        Replace("resource", from.Resources, to.Resources, Insert);
        Replace(
            SshSettingsOf(from), SshSettingsOf(to),
            row => Delete("ssh_resource", new { Organisation = _organisation, row.Resource }),
            row => Insert("ssh_resource", new { Organisation = _organisation, row.Resource, Settings = SshColumn.Write(row.Settings) }));
        Replace(
            Memberships(from), Memberships(to),
            row => Delete("membership", new { Organisation = _organisation, OrgUser = row.User, OrgRole = row.Role }),
            row => Insert("membership", new { Organisation = _organisation, OrgUser = row.User, OrgRole = row.Role }));
        Replace(from.Grants, to.Grants, Delete, grant => Insert("resource_grant", new
        {
            Organisation = _organisation,
            grant.Resource,
            OrgRole = grant.Kind == PrincipalKind.Role ? (int?)grant.Principal : null,
            OrgUser = grant.Kind == PrincipalKind.User ? (int?)grant.Principal : null,
            Peer = grant.Kind is PrincipalKind.Machine or PrincipalKind.ExternalClient ? (int?)grant.Principal : null,
        }));
        WriteSsh(from.Ssh, to.Ssh);
        Replace(from.Credentials, to.Credentials, credential => Delete("credential", new { Organisation = _organisation, credential.Id }), Insert);
    }

    private void WriteSsh(SshState from, SshState to)
    {
        if (ReferenceEquals(from, to))
            return;
        Replace<(string? Authority, long NextSerial, long NextGeneration)>(
            from.Authority is null ? [] : [(from.Authority, from.NextSerial, from.NextGeneration)], to.Authority is null ? [] : [(to.Authority, to.NextSerial, to.NextGeneration)],
            _ => Delete("ssh_authority", new { Organisation = _organisation }),
            row => Insert("ssh_authority", new { Organisation = _organisation, Name = row.Authority, row.NextSerial, row.NextGeneration }));
        Replace(from.Keys, to.Keys, key => Delete("ssh_authority_key", new { Organisation = _organisation, key.Number }), key => Insert("ssh_authority_key", new
        {
            Organisation = _organisation,
            key.Number,
            key.PublicKey,
            key.SealedPrivateKey,
            CreatedAt = key.CreatedAt.ToUnixTimeMilliseconds(),
        }));
        Replace(from.Hosts, to.Hosts, host => Delete("ssh_host", new { Organisation = _organisation, host.Resource }), host => Insert("ssh_host", new
        {
            Organisation = _organisation,
            host.Resource,
            host.Generation,
            host.Connector,
            HostKeys = Json(host.HostKeys),
            Trusted = Json(host.Trusted),
            host.Pin,
            host.Token,
            host.Error,
            ContactAt = host.ContactAt.ToUnixTimeMilliseconds(),
            Certificates = Json(host.Certificates),
            CertificatesEnd = host.CertificatesEnd?.ToUnixTimeMilliseconds(),
            OfferedBy = host.Offer?.Connector,
            OfferedKeys = Json(host.Offer?.HostKeys ?? []),
            OfferedTrusted = Json(host.Offer?.Trusted ?? []),
            OfferedPin = host.Offer?.Pin,
        }));
        Replace(
            from.Accounts, to.Accounts,
            account => Delete("ssh_account", new { Organisation = _organisation, OrgUser = account.User }),
            account => Insert("ssh_account", new { Organisation = _organisation, OrgUser = account.User, account.Name }));
        Replace(
            from.HostAccounts, to.HostAccounts,
            account => Delete("ssh_host_account", new { Organisation = _organisation, account.Resource, account.Name }),
            account => Insert("ssh_host_account", new { Organisation = _organisation, account.Resource, account.Name, OrgUser = account.User }));
        Replace(from.Issued, to.Issued, issued => Delete("ssh_certificate", new { Organisation = _organisation, issued.Serial }), issued => Insert("ssh_certificate", new
        {
            Organisation = _organisation,
            issued.Serial,
            OrgUser = issued.User,
            issued.Device,
            issued.Resource,
            ValidUntil = issued.ValidUntil.ToUnixTimeMilliseconds(),
            Revoked = Number(issued.Revoked),
        }));
    }

    /// <summary>By the identifiers, without a look into what is the same object.</summary>
    private void Replace<T>(string table, ValueList<T> from, ValueList<T> to, Action<T> insert) where T : class, INamed
    {
        if (ReferenceEquals(from, to))
            return;
        var before = from.ToDictionary(item => item.Id);
        var changed = new List<T>();
        foreach (var item in to)
        {
            if (!before.Remove(item.Id, out var old) || !item.Equals(old))
                changed.Add(item);
            if (old is not null && !item.Equals(old))
                Delete(table, new { Organisation = _organisation, item.Id });
        }

        foreach (int gone in before.Keys)
            Delete(table, new { Organisation = _organisation, Id = gone });
        foreach (var item in changed)
            insert(item);
    }

    private static void Replace<T>(IReadOnlyList<T> from, IReadOnlyList<T> to, Action<T> delete, Action<T> insert)
    {
        // Most changes leave most lists as they are; one that is the same object needs no look.
        if (ReferenceEquals(from, to) || from.Equals(to))
            return;
        var before = from.ToHashSet();
        var after = to.ToHashSet();
        foreach (var item in before.Where(item => !after.Contains(item)))
            delete(item);
        foreach (var item in after.Where(item => !before.Contains(item)))
            insert(item);
    }

    private void Insert(Peer peer) => Insert("peer", new
    {
        Organisation = _organisation,
        peer.Id,
        Kind = Names.Of(peer.Kind),
        peer.Name,
        peer.Site,
        peer.Owner,
        DeviceState = peer.DeviceState?.ToString().ToLowerInvariant(),
        peer.PublicKey,
        KeySource = peer.KeySource.ToString().ToLowerInvariant(),
        peer.SealedPresharedKey,
        Ipv4 = peer.Ipv4?.ToString(),
        Ipv6 = peer.Ipv6?.ToString(),
        Dns = Json(peer.Dns),
        Sealed = Number(peer.Sealed),
        peer.HandedOut,
        Enabled = Number(peer.Enabled),
        Expires = peer.Expires?.ToUnixTimeMilliseconds(),
        Expired = Number(peer.Expired),
        Draining = Number(peer.Draining),
    });

    private void Insert(Resource resource) => Insert("resource", new
    {
        Organisation = _organisation,
        resource.Id,
        resource.Name,
        resource.Site,
        Destination = resource.Destination.Text,
        resource.Alias,
        Tcp = PortSyntax.Format(resource.Tcp),
        Udp = PortSyntax.Format(resource.Udp),
        Icmp = Number(resource.Icmp),
        OverlayIpv4 = resource.OverlayIpv4?.ToString(),
        OverlayIpv6 = resource.OverlayIpv6?.ToString(),
    });

    private void Insert(Credential credential) => Insert("credential", new
    {
        credential.Id,
        Organisation = _organisation,
        Relay = credential.Agent.Kind == AgentKind.Relay ? (int?)credential.Agent.Id : null,
        Peer = credential.Agent.Kind == AgentKind.Relay ? (int?)null : credential.Agent.Id,
        credential.Hash,
        CreatedAt = credential.CreatedAt.ToUnixTimeMilliseconds(),
        credential.Session,
        credential.PublicKey,
        Expires = credential.Expires?.ToUnixTimeMilliseconds(),
    });

    private void Delete(Grant grant)
    {
        string column = grant.Kind switch { PrincipalKind.Role => "org_role", PrincipalKind.User => "org_user", _ => "peer" };
        _connection.Execute(
            $"DELETE FROM resource_grant WHERE organisation = @Organisation AND resource = @Resource AND {column} = @Principal",
            new { Organisation = _organisation, grant.Resource, grant.Principal }, _transaction);
    }

    private static List<(int Resource, SshSettings Settings)> SshSettingsOf(NetworkState state) =>
        [.. state.Resources.Where(resource => resource.Ssh is not null).Select(resource => (resource.Id, resource.Ssh!))];

    private static List<(int User, int Role)> Memberships(NetworkState state) =>
        [.. state.Users.SelectMany(user => user.Roles.Select(role => (user.Id, role)))];

    /// <param name="row">One property per column: "PublicKey" for public_key.</param>
    private void Insert<T>(string table, T row)
    {
        var names = NamesIn<T>();
        _connection.Execute($"INSERT INTO {table} ({string.Join(", ", names.Select(Column))}) VALUES ({string.Join(", ", names.Select(name => "@" + name))})", row, _transaction);
    }

    /// <param name="key">One property per column of the key.</param>
    private void Delete<T>(string table, T key) =>
        _connection.Execute($"DELETE FROM {table} WHERE {string.Join(" AND ", NamesIn<T>().Select(name => $"{Column(name)} = @{name}"))}", key, _transaction);

    private static List<string> NamesIn<T>() => [.. typeof(T).GetProperties().Select(property => property.Name)];

    private static string Column(string name) =>
        string.Concat(name.Select((letter, i) => char.IsUpper(letter) ? $"{(i == 0 ? "" : "_")}{char.ToLowerInvariant(letter)}" : letter.ToString()));

    private static int Number(bool value) => value ? 1 : 0;

    private static string Json(IEnumerable<string> list) => JsonSerializer.Serialize(list.ToArray(), StoreJson.Default.StringArray);
}
