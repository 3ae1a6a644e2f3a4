namespace Keyhole.Control;

internal sealed class ApiKeyRoutes(ApiKeys keys, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("api-keys").WithTags("api-keys");
        group.Map(HttpMethod.Get, "", "api-keys.list", "The API keys, by name.", List)
            .TakesPage().Requires(Permissions.ApiKeysRead).Produces<Page<ApiKeyView>>();
        group.Map(HttpMethod.Get, "{name}", "api-keys.read", "One API key.", Read)
            .Requires(Permissions.ApiKeysRead).Produces<ApiKeyView>();
        group.Map(HttpMethod.Post, "", "api-keys.create", "Makes an API key with a part of what the caller holds. It is shown once.", CreateAsync)
            .Requires(Permissions.ApiKeysWrite).Accepts<ApiKeyInput>("application/json").Produces<ApiKeyMade>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Delete, "{name}", "api-keys.remove", "Removes one API key: it is refused from now on.", Remove)
            .Requires(Permissions.ApiKeysWrite).Produces(StatusCodes.Status204NoContent);
    }

    private IResult List(ApiRequest request)
    {
        var state = request.State;
        return Results.Json(Paging.Of(request.Http, keys.Of(request.Network.Id), key => key.Name, key => ApiKeyView.Of(state, key)), ApiJson.Options);
    }

    private IResult Read(ApiRequest request)
    {
        string name = request.Route("name");
        var key = keys.Of(request.Network.Id).FirstOrDefault(key => Names.Comparer.Equals(key.Name, name)) ?? throw ApiException.NotFound("API key", name);
        request.Context.Response.Headers.ETag = EntityTag.Of(key.Id);
        return Results.Json(ApiKeyView.Of(request.State, key), ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<ApiKeyInput>());
        var now = time.GetUtcNow();
        if (!Names.IsName(input.Name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        if (input.Scopes.Where(scope => !Permissions.IsKnown(scope)).ToList() is [var unknown, ..])
            throw ApiException.Field("scopes", Nearest.To(unknown, Permissions.All) is { } nearest ? $"no permission is named \"{Findings.Shown(unknown)}\"; did you mean \"{nearest}\"?" : $"use some of {string.Join(", ", Permissions.All)}");
        var expires = KeyTimes.Read(input.Expires, now);
        if (request.Caller.Key is { Expires: { } end } && !(expires <= end))
            throw ApiException.Field("expires", $"an API key makes none that lives longer than itself, until {TimeSyntax.Format(end)}");
        var token = KeyToken.New();
        ApiKey? made = null;
        var (_, after) = NetworkChanges.Change(
            request, "add", $"api-key {input.Name} ({token.Id})",
            state =>
            {
                var held = request.Caller.PermissionsIn(state);
                if (input.Scopes.Where(scope => !held.Contains(scope)).ToList() is [var missing, ..])
                    throw new ApiException(StatusCodes.Status403Forbidden, $"You do not hold {missing} yourself.");
                made = new ApiKey(
                    token.Id, request.Network.Id, input.Name, token.Hash, Permissions.All.Where(input.Scopes.Contains).ToValueList(), request.Caller.UserOf(state)!.Id, now, expires, null);
                return state;
            },
            (connection, transaction) => ApiKeys.Add(connection, transaction, made!));
        request.Context.Response.Headers.Location = $"{request.Http.Path}/{input.Name}";
        return Results.Json(new ApiKeyMade(ApiKeyView.Of(after, made!), token.ToText(ApiKeys.Prefix)), ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static IResult Remove(ApiRequest request)
    {
        string name = request.Route("name");
        NetworkChanges.Change(
            request, "remove", $"api-key {Findings.Shown(name)}", state => state,
            (connection, transaction) => ApiKeys.Remove(connection, transaction, request.Network.Id, name, id => EntityTag.Require(request.Http, EntityTag.Of(id))));
        return Results.NoContent();
    }
}
