using System.Net;

namespace Keyhole.Control;

internal sealed class ProvisioningRoutes(ProvisioningKeys keys, FailureLimiter failures)
{
    /// <param name="routes">Of the whole interface: a key says which organisation it is for.</param>
    public void Map(IEndpointRouteBuilder routes, IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("provisioning-keys").WithTags("provisioning-keys");
        group.Map(HttpMethod.Get, "", "provisioning-keys.list", "The provisioning keys, by name.", List)
            .TakesPage().Requires(Permissions.ProvisioningKeysRead).Produces<Page<ProvisioningKeyView>>();
        group.Map(HttpMethod.Get, "{name}", "provisioning-keys.read", "One provisioning key.", Read)
            .Requires(Permissions.ProvisioningKeysRead).Produces<ProvisioningKeyView>();
        group.Map(HttpMethod.Post, "", "provisioning-keys.create", "Makes a key by which connectors or machines make themselves known. It is shown once.", CreateAsync)
            .Requires(Permissions.ProvisioningKeysWrite).Accepts<ProvisioningKeyInput>("application/json").Produces<ProvisioningKeyMade>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Delete, "{name}", "provisioning-keys.remove", "Removes one provisioning key; what it made stays.", Remove)
            .Requires(Permissions.ProvisioningKeysWrite).Produces(StatusCodes.Status204NoContent);
        routes.MapPost("provision", (Delegate)ProvisionAsync).WithName("provision").WithSummary("Trades a provisioning key for the ID and secret of a new connector or machine.")
            .WithTags("provisioning-keys").Anonymous().Accepts<ProvisionInput>("application/json").Produces<Provisioned>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status429TooManyRequests);
    }

    private async Task<IResult> ProvisionAsync(HttpContext context)
    {
        var input = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<ProvisionInput>());
        if (input.Name is { } name && !Names.IsName(name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        if (keys.Use(input.Key, input.Name, context.Connection.RemoteIpAddress?.ToString()) is not var (answer, network, before, after))
        {
            if (failures.Count(context.Connection.RemoteIpAddress ?? IPAddress.None) <= FailureLimiter.AllowedPerMinute)
                throw new ApiException(StatusCodes.Status401Unauthorized, "The provisioning key is unknown, used up, or over.");
            context.Response.Headers.RetryAfter = "60";
            throw new ApiException(StatusCodes.Status429TooManyRequests, "Too many wrong keys from this address.");
        }

        await NetworkChanges.FollowAsync(network, before, after);
        return Results.Json(answer, ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private IResult List(ApiRequest request)
    {
        var state = request.State;
        return Results.Json(Paging.Of(request.Http, keys.Of(request.Network.Id), key => key.Name, key => ProvisioningKeyView.Of(state, key)), ApiJson.Options);
    }

    private IResult Read(ApiRequest request)
    {
        string name = request.Route("name");
        var key = keys.Of(request.Network.Id).FirstOrDefault(key => Names.Comparer.Equals(key.Name, name)) ?? throw ApiException.NotFound("provisioning key", name);
        request.Context.Response.Headers.ETag = EntityTag.Of(key.Id);
        return Results.Json(ProvisioningKeyView.Of(request.State, key), ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<ProvisioningKeyInput>());
        var (made, key) = keys.Create(request.Network, request.Caller.Actor, input, request.Caller);
        request.Context.Response.Headers.Location = $"{request.Http.Path}/{input.Name}";
        return Results.Json(new ProvisioningKeyMade(ProvisioningKeyView.Of(request.State, made), key), ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static IResult Remove(ApiRequest request)
    {
        string name = request.Route("name");
        NetworkChanges.Change(
            request, "remove", $"provisioning-key {Findings.Shown(name)}", state => state,
            (connection, transaction) => ProvisioningKeys.Remove(connection, transaction, request.Network.Id, name, id => EntityTag.Require(request.Http, EntityTag.Of(id))));
        return Results.NoContent();
    }
}
