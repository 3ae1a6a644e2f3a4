using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>The routes of the operator's Unix socket. They are never mapped on an application that listens on TCP.</summary>
internal static class OperatorRoutes
{
    public const string Apply = "/v1/apply";
    public const string Credentials = "/v1/credentials";
    public const string Config = "/v1/external-client-config";
    public const string Enable = "/v1/external-client-enabled";
    public const string ExternalClients = "/v1/external-clients";
    public const string Explain = "/v1/explain";
    public const string Export = "/v1/export";
    public const string ProvisioningKeys = "/v1/provisioning-keys";
    public const string Status = "/v1/status";

    /// <summary>Names the organisation that a command is for; not needed where there is only one.</summary>
    public const string OrganisationQuery = "org";

    public static void Map(IEndpointRouteBuilder routes, OperatorService service, ILogger log)
    {
        Post(routes, log, Apply, OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer, (request, _) => service.ApplyAsync(request));
        Post(routes, log, Credentials, OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer, service.RotateAsync);
        Post(routes, log, Config, OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer, service.MakeConfigAsync);
        Post(routes, log, Enable, OperatorJson.Default.EnableRequest, OperatorJson.Default.EnforcementReport, service.SetEnabledAsync);
        Get(routes, log, ExternalClients, OperatorJson.Default.ClientsAnswer, service.ListClients);
        Post(routes, log, Explain, OperatorJson.Default.ExplainRequest, OperatorJson.Default.ExplainAnswer, (request, organisation) => Task.FromResult(service.Explain(request, organisation)));
        Post(routes, log, ProvisioningKeys, OperatorJson.Default.ProvisioningKeyInput, OperatorJson.Default.ProvisioningKeyMade, (request, organisation) => Task.FromResult(service.MakeProvisioningKey(request, organisation)));
        Get(routes, log, Export, OperatorJson.Default.ExportAnswer, service.Export);
        Get(routes, log, Status, OperatorJson.Default.StatusAnswer, service.Status);
    }

    public static void Post<TRequest, TAnswer>(
        IEndpointRouteBuilder routes,
        ILogger log,
        string path,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType,
        Func<TRequest, string?, Task<TAnswer>> handle) =>
        routes.MapPost(path, (Delegate)((HttpContext context) => AnswerAsync(log, async () =>
        {
            try
            {
                var request = await context.Request.ReadFromJsonAsync(requestType, context.RequestAborted);
                return request is null
                    ? Results.Json(new ErrorAnswer("the request is empty"), OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status400BadRequest)
                    : Results.Json(await handle(request, OrganisationOf(context)), answerType);
            }
            catch (System.Text.Json.JsonException)
            {
                return Results.Json(
                    new ErrorAnswer("the request was not understood: is keyhole-control the same version as the server?"),
                    OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status400BadRequest);
            }
        })));

    public static void Get<TAnswer>(IEndpointRouteBuilder routes, ILogger log, string path, JsonTypeInfo<TAnswer> answerType, Func<string?, TAnswer> handle) =>
        routes.MapGet(path, (Delegate)((HttpContext context) => AnswerAsync(log, () => Task.FromResult(Results.Json(handle(OrganisationOf(context)), answerType)))));

    public static string? OrganisationOf(HttpContext context) => context.Request.Query[OrganisationQuery] is [{ } name] ? name : null;

    public static async Task<IResult> AnswerAsync(ILogger log, Func<Task<IResult>> handle)
    {
        try
        {
            return await handle();
        }
        catch (OperatorException error)
        {
            log.Refused(error.Message);
            return Results.Json(new ErrorAnswer(error.Message), OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status409Conflict);
        }
    }
}
