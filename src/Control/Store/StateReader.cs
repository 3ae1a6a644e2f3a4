using System.Globalization;
using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Keyhole.Control;

/// <summary>Reads a whole <see cref="NetworkState"/> out of the tables.</summary>
internal static class StateReader
{
    public static NetworkState Read(SqliteConnection connection)
    {
        var organisation = connection.QueryFirstOrDefault<OrganisationRecord>("SELECT * FROM organisation");
        if (organisation is null)
            return NetworkState.Empty;
        var roles = connection.Query<(long User, long Role)>("SELECT user, role FROM user_role ORDER BY user, role").ToLookup(row => row.User, row => (int)row.Role);
        var kinds = connection.Query<(long Id, string Kind)>("SELECT id, kind FROM peer").ToDictionary(row => (int)row.Id, row => Kind(row.Kind));
        return new NetworkState
        {
            Organisation = organisation.Name,
            OverlayIpv6 = Overlay.ToUInt128(IPAddress.Parse(organisation.OverlayIpv6)),
            Revision = organisation.Revision,
            Cursors = new Cursors((int)organisation.NextId, organisation.NextClient, organisation.NextResourceIpv4, organisation.NextResourceIpv6, organisation.NextSubnet),
            Relays = connection.Query<RelayRecord>("SELECT * FROM relay ORDER BY id")
                .Select(Relay).ToValueList(),
            Sites = connection.Query<NameRecord>("SELECT id, name FROM site ORDER BY id").Select(row => new Site((int)row.Id, row.Name)).ToValueList(),
            Peers = connection.Query<PeerRecord>("SELECT * FROM peer ORDER BY id").Select(Peer).ToValueList(),
            Resources = connection.Query<ResourceRecord>("SELECT * FROM resource ORDER BY id").Select(Resource).ToValueList(),
            Roles = connection.Query<NameRecord>("SELECT id, name FROM role ORDER BY id").Select(row => new Role((int)row.Id, row.Name)).ToValueList(),
            Users = connection.Query<NameRecord>("SELECT id, email AS name FROM user ORDER BY id")
                .Select(row => new User((int)row.Id, row.Name, roles[row.Id].ToValueList())).ToValueList(),
            Grants = connection.Query<GrantRecord>("SELECT * FROM access").Select(row => Grant(row, kinds))
                .OrderBy(grant => grant.Resource).ThenBy(grant => grant.Kind).ThenBy(grant => grant.Principal).ToValueList(),
            Credentials = connection.Query<CredentialRecord>("SELECT * FROM credential").Select(row => Credential(row, kinds))
                .OrderBy(credential => credential.Id, StringComparer.Ordinal).ToValueList(),
        };
    }

    private static Relay Relay(RelayRecord row) =>
        new((int)row.Id, row.Name, List(row.Endpoints), row.Gateway != 0, row.PublicKey, row.TlsPort is { } port ? new TlsOffer((int)port, row.TlsPin) : null)
        {
            TlsEndpoints = List(row.TlsEndpoints),
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
        Expires = row.Expires is { } expires ? DateTimeOffset.FromUnixTimeSeconds(expires) : null,
        Expired = row.Expired != 0,
        Draining = row.Draining != 0,
        Sealed = row.Sealed != 0,
    };

    private static Resource Resource(ResourceRecord row) => new(
        (int)row.Id, row.Name, (int)row.Site, new Destination(row.Destination), row.Alias, Ports(row.Tcp), Ports(row.Udp), row.Icmp != 0,
        row.OverlayIpv4 is null ? null : IPNetwork.Parse(row.OverlayIpv4), row.OverlayIpv6 is null ? null : IPNetwork.Parse(row.OverlayIpv6));

    private static Grant Grant(GrantRecord row, Dictionary<int, PeerKind> kinds) => row switch
    {
        { Role: { } role } => new((int)row.Resource, PrincipalKind.Role, (int)role),
        { User: { } user } => new((int)row.Resource, PrincipalKind.User, (int)user),
        _ => new((int)row.Resource, kinds[(int)row.Peer!] == PeerKind.Machine ? PrincipalKind.Machine : PrincipalKind.ExternalClient, (int)row.Peer),
    };

    private static Credential Credential(CredentialRecord row, Dictionary<int, PeerKind> kinds) => new(
        row.Id,
        row.Relay is { } relay ? new Agent(AgentKind.Relay, (int)relay)
            : new Agent(kinds[(int)row.Peer!] == PeerKind.Connector ? AgentKind.Connector : AgentKind.Machine, (int)row.Peer),
        row.Hash,
        DateTimeOffset.FromUnixTimeSeconds(row.CreatedAt));

    private static PeerKind Kind(string text) => text switch
    {
        "connector" => PeerKind.Connector,
        "machine" => PeerKind.Machine,
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
        public long NextId { get; init; }
        public long NextClient { get; init; }
        public long NextResourceIpv4 { get; init; }
        public long NextResourceIpv6 { get; init; }
        public long NextSubnet { get; init; }
    }

    private sealed class NameRecord
    {
        public long Id { get; init; }
        public string Name { get; init; } = "";
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
        public long? Expires { get; init; }
        public long Expired { get; init; }
        public long Draining { get; init; }
        public long Sealed { get; init; }
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
        public long? Role { get; init; }
        public long? User { get; init; }
        public long? Peer { get; init; }
    }

    private sealed class CredentialRecord
    {
        public string Id { get; init; } = "";
        public long? Relay { get; init; }
        public long? Peer { get; init; }
        public string Hash { get; init; } = "";
        public long CreatedAt { get; init; }
    }
}
