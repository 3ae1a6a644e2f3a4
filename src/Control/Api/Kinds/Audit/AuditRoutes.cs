using System.Globalization;

namespace Keyhole.Control;

/// <summary>Who did what in an organisation.</summary>
internal sealed class AuditRoutes(Database database)
{
    public void Map(IEndpointRouteBuilder organisation) =>
        organisation.Map(HttpMethod.Get, "audit", "audit.list", "The audit log of the organisation, the newest first.", List)
            .WithTags("audit").TakesPage().Requires(Permissions.AuditRead).Produces<Page<AuditView>>();

    private IResult List(ApiRequest request)
    {
        int limit = Paging.LimitOf(request.Http);
        long? before = Paging.AfterOf(request.Http) is not { } after ? null
            : long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw ApiException.Field("after", "this is no number of a row");
        var rows = database.Read(connection => AuditLog.Read(connection, request.Network.Id, before, limit + 1));
        var items = rows.Take(limit).Select(row =>
            new AuditView(row.Number, row.At, row.Actor, row.Address, row.Action, row.Subject, row.Before, row.After, row.Revision, row.Hash)).ToList();
        return Results.Json(new Page<AuditView>(items, rows.Count > limit ? items[^1].Number.ToString(CultureInfo.InvariantCulture) : null), ApiJson.Options);
    }
}
