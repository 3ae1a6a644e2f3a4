using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control;

/// <summary>Writes the rows in which two states differ. Foreign keys are checked when the transaction is committed.</summary>
internal sealed class StateWriter(SqliteConnection connection, SqliteTransaction transaction)
{
    public void Write(NetworkState from, NetworkState to)
    {
        if (to.Organisation is null)
            return;
        Execute(
            """
            INSERT OR REPLACE INTO organisation VALUES (1, @Name, @OverlayIpv6, @Revision, @Id, @Client, @ResourceIpv4, @ResourceIpv6, @Subnet)
            """,
            new
            {
                Name = to.Organisation,
                OverlayIpv6 = Overlay.FromUInt128(to.OverlayIpv6).ToString(),
                to.Revision,
                to.Cursors.Id,
                to.Cursors.Client,
                to.Cursors.ResourceIpv4,
                to.Cursors.ResourceIpv6,
                to.Cursors.Subnet,
            });
        Replace("relay", from.Relays, to.Relays, relay => Execute(
            "INSERT INTO relay VALUES (@Id, @Name, @Endpoints, @Gateway, @PublicKey, @TlsEndpoints, @Port, @Pin)",
            new { relay.Id, relay.Name, Endpoints = Json(relay.Endpoints), relay.Gateway, relay.PublicKey, TlsEndpoints = Json(relay.TlsEndpoints), relay.Tls?.Port, relay.Tls?.Pin }));
        Replace("site", from.Sites, to.Sites, site => Execute("INSERT INTO site VALUES (@Id, @Name)", site));
        Replace("role", from.Roles, to.Roles, role => Execute("INSERT INTO role VALUES (@Id, @Name)", role));
        Replace("user", from.Users, to.Users, user => Execute("INSERT INTO user VALUES (@Id, @Email)", new { user.Id, user.Email }));
        Replace("peer", from.Peers, to.Peers, Insert);
        Replace("resource", from.Resources, to.Resources, Insert);
        Replace(
            Memberships(from), Memberships(to),
            row => Execute("DELETE FROM user_role WHERE user = @User AND role = @Role", new { row.User, row.Role }),
            row => Execute("INSERT INTO user_role VALUES (@User, @Role)", new { row.User, row.Role }));
        Replace(
            from.Grants, to.Grants,
            grant => Execute("DELETE FROM access WHERE resource = @Resource AND (role = @Role OR user = @User OR peer = @Peer)", Columns(grant)),
            grant => Execute("INSERT INTO access VALUES (@Resource, @Role, @User, @Peer)", Columns(grant)));
        Replace(
            from.Credentials, to.Credentials,
            credential => Execute("DELETE FROM credential WHERE id = @Id", new { credential.Id }),
            credential => Execute("INSERT INTO credential VALUES (@Id, @Relay, @Peer, @Hash, @CreatedAt)", new
            {
                credential.Id,
                Relay = credential.Agent.Kind == AgentKind.Relay ? (int?)credential.Agent.Id : null,
                Peer = credential.Agent.Kind == AgentKind.Relay ? (int?)null : credential.Agent.Id,
                credential.Hash,
                CreatedAt = credential.CreatedAt.ToUnixTimeSeconds(),
            }));
    }

    private void Replace<T>(string table, ValueList<T> from, ValueList<T> to, Action<T> insert) where T : INamed =>
        Replace(from, to, item => Execute($"DELETE FROM {table} WHERE id = @Id", new { item.Id }), insert);

    private static void Replace<T>(IEnumerable<T> from, IEnumerable<T> to, Action<T> delete, Action<T> insert)
    {
        var before = from.ToHashSet();
        var after = to.ToHashSet();
        foreach (var item in before.Where(item => !after.Contains(item)))
            delete(item);
        foreach (var item in after.Where(item => !before.Contains(item)))
            insert(item);
    }

    private void Insert(Peer peer) => Execute(
        """
        INSERT INTO peer VALUES (@Id, @Kind, @Name, @Site, @PublicKey, @KeySource, @SealedPresharedKey, @Ipv4, @Ipv6, @Dns, @Expires, @Expired, @Draining, @Sealed)
        """,
        new
        {
            peer.Id,
            Kind = Names.Of(peer.Kind),
            peer.Name,
            peer.Site,
            peer.PublicKey,
            KeySource = peer.KeySource.ToString().ToLowerInvariant(),
            peer.SealedPresharedKey,
            Ipv4 = peer.Ipv4?.ToString(),
            Ipv6 = peer.Ipv6?.ToString(),
            Dns = Json(peer.Dns),
            Expires = peer.Expires?.ToUnixTimeSeconds(),
            peer.Expired,
            peer.Draining,
            peer.Sealed,
        });

    private void Insert(Resource resource) => Execute(
        """
        INSERT INTO resource VALUES (@Id, @Name, @Site, @Destination, @Alias, @Tcp, @Udp, @Icmp, @OverlayIpv4, @OverlayIpv6)
        """,
        new
        {
            resource.Id,
            resource.Name,
            resource.Site,
            Destination = resource.Destination.Text,
            resource.Alias,
            Tcp = PortSyntax.Format(resource.Tcp),
            Udp = PortSyntax.Format(resource.Udp),
            resource.Icmp,
            OverlayIpv4 = resource.OverlayIpv4?.ToString(),
            OverlayIpv6 = resource.OverlayIpv6?.ToString(),
        });

    private static IEnumerable<(int User, int Role)> Memberships(NetworkState state) =>
        state.Users.SelectMany(user => user.Roles.Select(role => (user.Id, role)));

    private static object Columns(Grant grant) => new
    {
        grant.Resource,
        Role = grant.Kind == PrincipalKind.Role ? (int?)grant.Principal : null,
        User = grant.Kind == PrincipalKind.User ? (int?)grant.Principal : null,
        Peer = grant.Kind is PrincipalKind.Machine or PrincipalKind.ExternalClient ? (int?)grant.Principal : null,
    };

    private static string Json(IEnumerable<string> list) => JsonSerializer.Serialize(list.ToArray(), StoreJson.Default.StringArray);

    private void Execute(string sql, object parameters) => connection.Execute(sql, parameters, transaction);
}
