using System.Data.Common;
using System.Text.Json;
using Dapper;

namespace Keyhole.Control;

/// <summary>Reads what an organisation knows of logins by SSH out of the tables.</summary>
internal sealed class SshStateReader(DbConnection connection, int organisation, DbTransaction? transaction)
{
    public SshState Read() => Rows<(string Name, long NextSerial, long NextGeneration)>("SELECT name, next_serial, next_generation FROM ssh_authority WHERE organisation = @organisation").ToList() is not [var authority]
        ? SshState.None
        : new SshState
        {
            Authority = authority.Name,
            NextSerial = authority.NextSerial,
            NextGeneration = authority.NextGeneration,
            Keys = Rows<KeyRecord>("SELECT * FROM ssh_authority_key WHERE organisation = @organisation ORDER BY number")
                .Select(row => new SshAuthorityKey((int)row.Number, row.PublicKey, row.SealedPrivateKey, Time(row.CreatedAt))).ToValueList(),
            Hosts = Rows<HostRecord>("SELECT * FROM ssh_host WHERE organisation = @organisation ORDER BY resource").Select(Host).ToValueList(),
            Accounts = Rows<(long User, string Name)>("SELECT org_user, name FROM ssh_account WHERE organisation = @organisation ORDER BY org_user")
                .Select(row => new SshAccountName((int)row.User, row.Name)).ToValueList(),
            HostAccounts = Rows<(long Resource, string Name, long User)>("SELECT resource, name, org_user FROM ssh_host_account WHERE organisation = @organisation")
                .Select(row => new SshHostAccount((int)row.Resource, row.Name, (int)row.User)).OrderBy(account => account.Resource).ThenBy(account => account.Name, StringComparer.Ordinal).ToValueList(),
            Issued = Rows<IssuedRecord>("SELECT * FROM ssh_certificate WHERE organisation = @organisation ORDER BY serial")
                .Select(row => new SshIssued(row.Serial, (int)row.OrgUser, (int)row.Device, (int)row.Resource, Time(row.ValidUntil), row.Revoked != 0)).ToValueList(),
        };

    private IEnumerable<T> Rows<T>(string sql) => connection.Query<T>(sql, new { organisation }, transaction);

    private static SshHost Host(HostRecord row) => new((int)row.Resource, row.Generation, (int)row.Connector, Time(row.ContactAt))
    {
        HostKeys = List(row.HostKeys),
        Trusted = List(row.Trusted),
        Pin = row.Pin,
        Token = row.Token,
        Error = row.Error,
        Certificates = List(row.Certificates),
        CertificatesEnd = row.CertificatesEnd is { } end ? Time(end) : null,
        Offer = row.OfferedBy is { } connector ? new SshOffer((int)connector, List(row.OfferedKeys), List(row.OfferedTrusted), row.OfferedPin) : null,
    };

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static ValueList<string> List(string json) => JsonSerializer.Deserialize(json, StoreJson.Default.StringArray)!.ToValueList();

    private sealed class KeyRecord
    {
        public long Number { get; init; }
        public string PublicKey { get; init; } = "";
        public string SealedPrivateKey { get; init; } = "";
        public long CreatedAt { get; init; }
    }

    private sealed class HostRecord
    {
        public long Resource { get; init; }
        public long Generation { get; init; }
        public long Connector { get; init; }
        public string HostKeys { get; init; } = "";
        public string Trusted { get; init; } = "";
        public string? Pin { get; init; }
        public string? Token { get; init; }
        public string? Error { get; init; }
        public long ContactAt { get; init; }
        public string Certificates { get; init; } = "";
        public long? CertificatesEnd { get; init; }
        public long? OfferedBy { get; init; }
        public string OfferedKeys { get; init; } = "";
        public string OfferedTrusted { get; init; } = "";
        public string? OfferedPin { get; init; }
    }

    private sealed class IssuedRecord
    {
        public long Serial { get; init; }
        public long OrgUser { get; init; }
        public long Device { get; init; }
        public long Resource { get; init; }
        public long ValidUntil { get; init; }
        public long Revoked { get; init; }
    }
}
