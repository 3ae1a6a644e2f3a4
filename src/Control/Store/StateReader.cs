using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Dapper;

namespace Keyhole.Control;

/// <summary>Reads the network of one organisation out of the tables.</summary>
internal sealed class StateReader
{
    private readonly DbConnection _connection;
    private readonly DbTransaction? _transaction;
    private readonly int _organisation;

    private StateReader(DbConnection connection, int organisation, DbTransaction? transaction)
    {
        _connection = connection;
        _organisation = organisation;
        _transaction = transaction;
    }

    /// <exception cref="InvalidOperationException">There is no such organisation.</exception>
    public static StoredNetwork Read(DbConnection connection, int organisation, DbTransaction? transaction) =>
        new StateReader(connection, organisation, transaction).Read();

    private StoredNetwork Read()
    {
        var organisation = _connection.QuerySingle<OrganisationRecord>("SELECT * FROM organisation WHERE id = @organisation", new { organisation = _organisation }, _transaction);
        var roles = Rows<(long User, long Role)>("SELECT org_user, org_role FROM membership WHERE organisation = @organisation ORDER BY org_user, org_role")
            .ToLookup(row => row.User, row => (int)row.Role);
        var peers = Rows<PeerRecord>("SELECT * FROM peer WHERE organisation = @organisation ORDER BY id").Select(Peer).ToValueList();
        var settings = Rows<(long Resource, string Settings)>("SELECT resource, settings FROM ssh_resource WHERE organisation = @organisation").ToDictionary(row => row.Resource, row => row.Settings);
        var kinds = peers.ToDictionary(peer => peer.Id, peer => peer.Kind);
        var state = new NetworkState
        {
            Organisation = organisation.Name,
            OverlayIpv6 = Overlay.ToUInt128(IPAddress.Parse(organisation.OverlayIpv6)),
            Revision = organisation.Revision,
            Cursors = new Cursors((int)organisation.NextId, organisation.NextClient, organisation.NextResourceIpv4, organisation.NextResourceIpv6, organisation.NextSubnet),
            Relays = Rows<RelayRecord>("SELECT * FROM relay WHERE organisation = @organisation ORDER BY id").Select(Relay).ToValueList(),
            Sites = Rows<SiteRecord>("SELECT * FROM site WHERE organisation = @organisation ORDER BY id").Select(row => new Site((int)row.Id, row.Name)).ToValueList(),
            Peers = peers,
            Resources = Rows<ResourceRecord>("SELECT * FROM resource WHERE organisation = @organisation ORDER BY id").Select(row => Resource(row, settings.GetValueOrDefault(row.Id))).ToValueList(),
            Roles = Rows<RoleRecord>("SELECT * FROM org_role WHERE organisation = @organisation ORDER BY id").Select(Role).ToValueList(),
            Users = Rows<UserRecord>("SELECT * FROM org_user WHERE organisation = @organisation ORDER BY id").Select(row => User(row, roles[row.Id])).ToValueList(),
            Grants = Rows<GrantRecord>("SELECT * FROM resource_grant WHERE organisation = @organisation").Select(row => Grant(row, kinds))
                .OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal).ToValueList(),
            Credentials = Rows<CredentialRecord>("SELECT * FROM credential WHERE organisation = @organisation").Select(row => Credential(row, kinds))
                .OrderBy(credential => credential.Id, StringComparer.Ordinal).ToValueList(),
            Ssh = new SshStateReader(_connection, _organisation, _transaction).Read(),
        };
        return new StoredNetwork(_organisation, state, organisation.ChangeNumber);
    }

    private IEnumerable<T> Rows<T>(string sql) => _connection.Query<T>(sql, new { organisation = _organisation }, _transaction);

    private static Relay Relay(RelayRecord row) =>
        new((int)row.Id, row.Name, List(row.Endpoints), row.Gateway != 0, row.PublicKey, row.TlsPort is { } port ? new TlsOffer((int)port, row.TlsPin) : null)
        {
            TlsEndpoints = List(row.TlsEndpoints),
            DnsForward = List(row.DnsForward),
        };

    private static Peer Peer(PeerRecord row) => new((int)row.Id, Kind(row.Kind), row.Name)
    {
        Site = (int?)row.Site,
        PublicKey = row.PublicKey,
        KeySource = Enum.Parse<KeySource>(row.KeySource, ignoreCase: true),
        SealedPresharedKey = row.SealedPresharedKey,
        Ipv4 = row.Ipv4 is null ? null : IPAddress.Parse(row.Ipv4),
        Ipv6 = row.Ipv6 is null ? null : IPAddress.Parse(row.Ipv6),
        Dns = List(row.Dns),
        Owner = (int?)row.Owner,
        DeviceState = row.DeviceState is { } state ? Enum.Parse<DeviceState>(state, ignoreCase: true) : null,
        Enabled = row.Enabled != 0,
        Expires = Time(row.Expires),
        Expired = row.Expired != 0,
        Draining = row.Draining != 0,
        Sealed = row.Sealed != 0,
        HandedOut = row.HandedOut,
    };

    private static Role Role(RoleRecord row) =>
        new((int)row.Id, row.Name, FixedRoles.Contains(row.Name) ? FixedRoles.PermissionsOf(row.Name) : List(row.Permissions));

    private static User User(UserRecord row, IEnumerable<int> roles) =>
        new((int)row.Id, row.Email, roles.ToValueList()) { DisplayName = row.DisplayName, Disabled = row.Disabled != 0 };

    private static Resource Resource(ResourceRecord row, string? settings) => new(
        (int)row.Id, row.Name, (int)row.Site, new Destination(row.Destination), row.Alias, Ports(row.Tcp), Ports(row.Udp), row.Icmp != 0,
        row.OverlayIpv4 is null ? null : IPNetwork.Parse(row.OverlayIpv4), row.OverlayIpv6 is null ? null : IPNetwork.Parse(row.OverlayIpv6))
    {
        Ssh = settings is null ? null : SshColumn.Read(settings),
    };

    private static Grant Grant(GrantRecord row, Dictionary<int, PeerKind> kinds) => row switch
    {
        { OrgRole: { } role } => new((int)row.Resource, PrincipalKind.Role, (int)role),
        { OrgUser: { } user } => new((int)row.Resource, PrincipalKind.User, (int)user),
        _ => new((int)row.Resource, kinds[(int)row.Peer!] == PeerKind.Machine ? PrincipalKind.Machine : PrincipalKind.ExternalClient, (int)row.Peer),
    };

    private static Credential Credential(CredentialRecord row, Dictionary<int, PeerKind> kinds) => new(
        row.Id,
        row.Relay is { } relay ? new Agent(AgentKind.Relay, (int)relay) : new Agent(Names.AgentOf(kinds[(int)row.Peer!]), (int)row.Peer),
        row.Hash,
        DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt))
    {
        Session = row.Session,
        PublicKey = row.PublicKey,
        Expires = Time(row.Expires),
    };

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } instant ? DateTimeOffset.FromUnixTimeMilliseconds(instant) : null;

    private static PeerKind Kind(string text) => text switch
    {
        "connector" => PeerKind.Connector,
        "machine" => PeerKind.Machine,
        "device" => PeerKind.Device,
        _ => PeerKind.ExternalClient,
    };

    private static ValueList<string> List(string json) => JsonSerializer.Deserialize(json, StoreJson.Default.StringArray)!.ToValueList();

    private static ValueList<PortRange> Ports(string text) => PortSyntax.TryParse(text, out var ranges, out string problem)
        ? ranges
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"Ports in the database: {problem}."));

    private sealed class OrganisationRecord
    {
        public string Name { get; init; } = "";
        public string OverlayIpv6 { get; init; } = "";
        public long Revision { get; init; }
        public long ChangeNumber { get; init; }
        public long NextId { get; init; }
        public long NextClient { get; init; }
        public long NextResourceIpv4 { get; init; }
        public long NextResourceIpv6 { get; init; }
        public long NextSubnet { get; init; }
    }

    private sealed class SiteRecord
    {
        public long Id { get; init; }
        public string Name { get; init; } = "";
    }

    private sealed class RoleRecord
    {
        public long Id { get; init; }
        public string Name { get; init; } = "";
        public string Permissions { get; init; } = "";
    }

    private sealed class UserRecord
    {
        public long Id { get; init; }
        public string Email { get; init; } = "";
        public string? DisplayName { get; init; }
        public long Disabled { get; init; }
    }

    private sealed class RelayRecord
    {
        public long Id { get; init; }
        public string Name { get; init; } = "";
        public string Endpoints { get; init; } = "";
        public long Gateway { get; init; }
        public string? PublicKey { get; init; }
        public string TlsEndpoints { get; init; } = "";
        public long? TlsPort { get; init; }
        public string? TlsPin { get; init; }
        public string DnsForward { get; init; } = "";
    }

    private sealed class PeerRecord
    {
        public long Id { get; init; }
        public string Kind { get; init; } = "";
        public string Name { get; init; } = "";
        public long? Site { get; init; }
        public string? PublicKey { get; init; }
        public string KeySource { get; init; } = "";
        public string? SealedPresharedKey { get; init; }
        public string? Ipv4 { get; init; }
        public string? Ipv6 { get; init; }
        public string Dns { get; init; } = "";
        public long? Owner { get; init; }
        public string? DeviceState { get; init; }
        public long Enabled { get; init; }
        public long? Expires { get; init; }
        public long Expired { get; init; }
        public long Draining { get; init; }
        public long Sealed { get; init; }
        public string? HandedOut { get; init; }
    }

    private sealed class ResourceRecord
    {
        public long Id { get; init; }
        public string Name { get; init; } = "";
        public long Site { get; init; }
        public string Destination { get; init; } = "";
        public string? Alias { get; init; }
        public string Tcp { get; init; } = "";
        public string Udp { get; init; } = "";
        public long Icmp { get; init; }
        public string? OverlayIpv4 { get; init; }
        public string? OverlayIpv6 { get; init; }
    }

    private sealed class GrantRecord
    {
        public long Resource { get; init; }
        public long? OrgRole { get; init; }
        public long? OrgUser { get; init; }
        public long? Peer { get; init; }
    }

    private sealed class CredentialRecord
    {
        public string Id { get; init; } = "";
        public long? Relay { get; init; }
        public long? Peer { get; init; }
        public string Hash { get; init; } = "";
        public long CreatedAt { get; init; }
        public long? Session { get; init; }
        public string? PublicKey { get; init; }
        public long? Expires { get; init; }
    }
}
