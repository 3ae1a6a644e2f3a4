using System.Data.Common;
using Dapper;

namespace Keyhole.Control;

/// <summary>What an organisation has decided that is no part of its network.</summary>
internal sealed class OrganisationSettings(Database database)
{
    private const string DeviceApproval = "device-approval";

    public bool NeedsDeviceApproval(int organisation) => database.Read(connection => connection.QueryFirstOrDefault<string>(
        "SELECT content FROM organisation_option WHERE organisation = @Organisation AND name = @Name", new { Organisation = organisation, Name = DeviceApproval })) == "1";

    /// <summary>Writes within the transaction of a change.</summary>
    public static void SetDeviceApproval(DbConnection connection, DbTransaction transaction, int organisation, bool needed) => connection.Execute(
        """
        INSERT INTO organisation_option (organisation, name, content) VALUES (@Organisation, @Name, @Content)
        ON CONFLICT (organisation, name) DO UPDATE SET content = excluded.content
        """,
        new { Organisation = organisation, Name = DeviceApproval, Content = needed ? "1" : "0" }, transaction);
}
