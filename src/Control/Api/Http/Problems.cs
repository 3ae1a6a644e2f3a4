namespace Keyhole.Control;

/// <summary>Gives every refusal the same form, problem+json, whoever refuses: a route, the server or the framework.</summary>
internal static class Problems
{
    public static void Use(IApplicationBuilder application, ILogger log) => application.Use(async (context, next) =>
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
                await WriteAsync(context, new ApiException(context.Response.StatusCode, Detail(context.Response.StatusCode)));
        }
        catch (ApiException error)
        {
            await WriteAsync(context, error);
        }
        catch (OperatorException error)
        {
            await WriteAsync(context, Of(error, log));
        }
        catch (BadHttpRequestException error)
        {
            await WriteAsync(context, new ApiException(error.StatusCode, Detail(error.StatusCode)));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            log.Failed(context.Request.Method, context.GetEndpoint()?.DisplayName ?? "", error);
            await WriteAsync(context, new ApiException(StatusCodes.Status500InternalServerError, "This is a fault of the server; its log has the reason."));
        }
    });

    /// <summary>What strangers may read of a refusal. The database's own words are for the operator: they go to the log.</summary>
    public static ApiException Of(OperatorException error, ILogger log)
    {
        if (error is not StorageException storage)
            return new ApiException(StatusCodes.Status409Conflict, Sentence(error.Message));
        log.Refused(storage.Message);
        return storage.IsFull
            ? new ApiException(StatusCodes.Status507InsufficientStorage, "The server has no room left: nothing was changed.")
            : new ApiException(StatusCodes.Status503ServiceUnavailable, "The server cannot reach what it stores: look whether the change was made before you try again.");
    }

    private static Task WriteAsync(HttpContext context, ApiException error) => context.Response.HasStarted
        ? Task.CompletedTask
        : Results.Problem(
            statusCode: error.Status, detail: error.Message,
            extensions: error.Errors.Count == 0 ? null : new Dictionary<string, object?> { ["errors"] = error.Errors }).ExecuteAsync(context);

    private static string Detail(int status) => status switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this address.",
        StatusCodes.Status405MethodNotAllowed => "This address does not take this method.",
        StatusCodes.Status408RequestTimeout => "The request arrived too slowly.",
        StatusCodes.Status413PayloadTooLarge => "The request is too large.",
        _ => "The request cannot be read.",
    };

    /// <summary>What operators read behind the name of their command stands alone here.</summary>
    private static string Sentence(string message) => message.Length == 0 ? message : $"{char.ToUpperInvariant(message[0])}{message.AsSpan(1)}.";
}
