using System.Globalization;
using Dapper;

namespace Keyhole.Control;

/// <summary>What an organisation has decided that is no part of its network.</summary>
internal sealed class OrganisationSettings(Database database)
{
    public bool NeedsDeviceApproval(int organisation) =>
        database.Read(connection => connection.QueryFirstOrDefault<string>("SELECT content FROM setting WHERE name = @Name", new { Name = NameOf(organisation) })) == "1";

    /// <summary>Writes within the transaction of a change.</summary>
    public static void SetDeviceApproval(System.Data.Common.DbConnection connection, System.Data.Common.DbTransaction transaction, int organisation, bool needed) => connection.Execute(
        "INSERT INTO setting (name, content) VALUES (@Name, @Content) ON CONFLICT (name) DO UPDATE SET content = excluded.content",
        new { Name = NameOf(organisation), Content = needed ? "1" : "0" }, transaction);

    private static string NameOf(int organisation) => string.Create(CultureInfo.InvariantCulture, $"device-approval/{organisation}");
}
