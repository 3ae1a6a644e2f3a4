using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>The routes of the operator's Unix socket. They are never mapped on an application that listens on TCP.</summary>
internal static class OperatorRoutes
{
    public const string Apply = "/v1/apply";
    public const string Credentials = "/v1/credentials";
    public const string Config = "/v1/external-client-config";
    public const string Export = "/v1/export";
    public const string Status = "/v1/status";

    public static void Map(IEndpointRouteBuilder routes, OperatorService service, ExternalClientConfig configs, ILogger log)
    {
        Post(routes, log, Apply, OperatorJson.Default.ApplyRequest, OperatorJson.Default.ApplyAnswer, service.ApplyAsync);
        Post(routes, log, Credentials, OperatorJson.Default.CredentialRequest, OperatorJson.Default.CredentialAnswer, request => Task.FromResult(service.Rotate(request)));
        Post(routes, log, Config, OperatorJson.Default.ConfigRequest, OperatorJson.Default.ConfigAnswer, request => configs.MakeAsync(request.Name, request.NewKey));
        routes.MapGet(Export, () => Results.Json(service.Export(), OperatorJson.Default.ExportAnswer));
        routes.MapGet(Status, () => Results.Json(service.Status(), OperatorJson.Default.StatusAnswer));
    }

    private static void Post<TRequest, TAnswer>(
        IEndpointRouteBuilder routes,
        ILogger log,
        string path,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType,
        Func<TRequest, Task<TAnswer>> handle) =>
        routes.MapPost(path, async (HttpContext context) =>
        {
            try
            {
                var request = await context.Request.ReadFromJsonAsync(requestType, context.RequestAborted);
                return request is null
                    ? Results.Json(new ErrorAnswer("the request is empty"), OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status400BadRequest)
                    : Results.Json(await handle(request), answerType);
            }
            catch (OperatorException error)
            {
                log.Refused(error.Message);
                return Results.Json(new ErrorAnswer(error.Message), OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status409Conflict);
            }
            catch (System.Text.Json.JsonException)
            {
                return Results.Json(
                    new ErrorAnswer("the request was not understood: is keyhole-control the same version as the server?"),
                    OperatorJson.Default.ErrorAnswer, statusCode: StatusCodes.Status400BadRequest);
            }
        });
}
