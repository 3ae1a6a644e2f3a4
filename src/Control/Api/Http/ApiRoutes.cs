namespace Keyhole.Control;

/// <summary>Maps routes that take an <see cref="ApiRequest"/>, with what the description of the interface says about all of them.</summary>
internal static class ApiRoutes
{
    /// <param name="name">"resources.list": the name of the operation.</param>
    public static RouteHandlerBuilder Map(this IEndpointRouteBuilder routes, HttpMethod method, string pattern, string name, string summary, Func<ApiRequest, Task<IResult>> handle) =>
        routes.MapMethods(pattern, [method.Method], (Delegate)((HttpContext context) => handle(new ApiRequest(context)))).WithName(name).WithSummary(summary)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests);

    public static RouteHandlerBuilder Map(this IEndpointRouteBuilder routes, HttpMethod method, string pattern, string name, string summary, Func<ApiRequest, IResult> handle) =>
        routes.Map(method, pattern, name, summary, request => Task.FromResult(handle(request)));

    /// <summary>The query of a list (<see cref="Paging"/>).</summary>
    public static RouteHandlerBuilder TakesPage(this RouteHandlerBuilder route) =>
        route.WithMetadata(new QueryParameter("limit", $"At most so many objects, 1 to {Paging.MaximumLimit}.", Number: true), new QueryParameter("after", "What \"next\" was in the part before.", Number: false));
}
