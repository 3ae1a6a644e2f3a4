using System.Globalization;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>The routes of the operator's Unix socket that concern the whole server.</summary>
internal static class MaintenanceRoutes
{
    public const string Audit = "/v1/audit";
    public const string AuditVerify = "/v1/audit/verify";
    public const string Backup = "/v1/backup";

    public static void Map(IEndpointRouteBuilder routes, Maintenance maintenance, ILogger log)
    {
        Get(routes, log, AuditVerify, _ => Json(maintenance.VerifyAudit(), OperatorJson.Default.AuditReport));
        Get(routes, log, Audit, context => Json(
            maintenance.ListAudit(OperatorRoutes.OrganisationOf(context), Number(context, "before"), (int)(Number(context, "limit") ?? Maintenance.MaximumRows)),
            OperatorJson.Default.AuditAnswer));
        Get(routes, log, Backup, _ => Results.Stream(maintenance.MakeBackup(), "application/gzip"));
    }

    private static void Get(IEndpointRouteBuilder routes, ILogger log, string path, Func<HttpContext, IResult> handle) =>
        routes.MapGet(path, (Delegate)((HttpContext context) => OperatorRoutes.AnswerAsync(log, () => Task.FromResult(handle(context)))));

    private static IResult Json<T>(T answer, JsonTypeInfo<T> type) => Results.Json(answer, type);

    private static long? Number(HttpContext context, string name) =>
        long.TryParse(context.Request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
