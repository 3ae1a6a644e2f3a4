using System.Net;

namespace Keyhole.Control;

internal sealed class ProvisioningRoutes(ProvisioningKeys keys, FailureLimiter failures, TimeProvider time)
{
    private const int MaximumUses = 1_000_000;

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
        return Results.Json(ProvisioningKeyView.Of(request.State, key), ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<ProvisioningKeyInput>());
        var now = time.GetUtcNow();
        if (!Names.IsName(input.Name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        if (input.Kind is not ("connector" or "machine"))
            throw ApiException.Field("kind", "this is neither \"connector\" nor \"machine\"");
        if ((input.Kind == "connector") != input.Site is not null)
            throw ApiException.Field("site", "a key for connectors names their site, one for machines names none");
        if (input.MaximumUses is < 1 or > MaximumUses)
            throw ApiException.Field("maximumUses", $"this is no number from 1 to {MaximumUses}");
        var token = KeyToken.New();
        ProvisioningKey? made = null;
        var (_, after) = NetworkChanges.Change(
            request, "add", $"provisioning-key {input.Name} ({token.Id})",
            state =>
            {
                int? site = input.Site is null ? null
                    : state.Sites.FirstOrDefault(site => Names.Comparer.Equals(site.Name, input.Site))?.Id ?? throw ApiException.Field("site", $"no site is named \"{Findings.Shown(input.Site)}\"");
                made = new ProvisioningKey(
                    token.Id, request.Network.Id, input.Name, token.Hash, input.Kind == "connector" ? AgentKind.Connector : AgentKind.Machine, site, input.MaximumUses ?? 1, 0,
                    input.Approval ?? false, now, KeyTimes.Read(input.Expires, now));
                return state;
            },
            (connection, transaction) => ProvisioningKeys.Add(connection, transaction, made!));
        request.Context.Response.Headers.Location = $"{request.Http.Path}/{input.Name}";
        return Results.Json(new ProvisioningKeyMade(ProvisioningKeyView.Of(after, made!), token.ToText(ProvisioningKeys.Prefix)), ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static IResult Remove(ApiRequest request)
    {
        string name = request.Route("name");
        NetworkChanges.Change(
            request, "remove", $"provisioning-key {Findings.Shown(name)}", state => state, (connection, transaction) => ProvisioningKeys.Remove(connection, transaction, request.Network.Id, name));
        return Results.NoContent();
    }
}
