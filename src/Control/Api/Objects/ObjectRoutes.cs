using System.Text.Json.Nodes;

namespace Keyhole.Control;

/// <summary>List, read, make, change and remove: the same for every <see cref="ObjectKind{TItem,TInput,TView}"/>.</summary>
internal sealed class ObjectRoutes<TItem, TInput, TView>(ObjectKind<TItem, TInput, TView> kind, TimeProvider time) where TItem : class, INamed where TInput : notnull
{
    /// <returns>The group of the kind, for further routes.</returns>
    public RouteGroupBuilder Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup(kind.Path).WithTags(kind.Path);
        group.Map(HttpMethod.Get, "", $"{kind.Path}.list", $"The {Plural}, by name.", List)
            .TakesPage().Requires(kind.ReadPermission).Produces<Page<TView>>();
        group.Map(HttpMethod.Get, "{name}", $"{kind.Path}.read", $"One {kind.Word}.", Read)
            .Requires(kind.ReadPermission).Produces<TView>();
        group.Map(HttpMethod.Post, "", $"{kind.Path}.create", $"Makes one {kind.Word}.", CreateAsync)
            .Requires(kind.WritePermission).Accepts<TInput>("application/json").Produces<Changed<TView>>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Patch, "{name}", $"{kind.Path}.change", $"Changes the members of one {kind.Word} that are sent (JSON merge patch, RFC 7396).", ChangeAsync)
            .Requires(kind.WritePermission).Accepts<TInput>("application/json").Produces<Changed<TView>>();
        group.Map(HttpMethod.Delete, "{name}", $"{kind.Path}.remove", $"Removes one {kind.Word}, and what was granted to it or of it.", RemoveAsync)
            .Requires(kind.WritePermission).Produces<Removed>();
        return group;
    }

    private string Plural => $"{kind.Word}s";

    private IResult List(ApiRequest request)
    {
        var (network, state) = (request.Network, request.State);
        return Results.Json(Paging.Of(request.Http, kind.Items(state), item => item.Name, item => kind.View(network, state, item)), ApiJson.Options);
    }

    private IResult Read(ApiRequest request)
    {
        var state = request.State;
        var view = kind.View(request.Network, state, kind.Find(state, request.Route("name")));
        // Of what a client can set; what is seen beside it changes by itself, so that no answer is ever "not modified".
        request.Context.Response.Headers.ETag = kind.TagOf(view);
        return Results.Json(view, ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await JsonBody.ReadObjectAsync(request.Http);
        JsonBody.Check(input, kind.InputType, partly: false);
        return await PutAsync(request, "add", old: null, _ => input);
    }

    private async Task<IResult> ChangeAsync(ApiRequest request)
    {
        var patch = await JsonBody.ReadObjectAsync(request.Http);
        JsonBody.Check(patch, kind.InputType, partly: true);
        return await PutAsync(request, "change", request.Route("name"), present => Merge(present, patch));
    }

    private async Task<IResult> PutAsync(ApiRequest request, string action, string? old, Func<JsonObject, JsonObject> inputOf)
    {
        int id = 0;
        string? was = null;
        var (before, after) = NetworkChanges.Change(
            request, action, $"{kind.Word} {old ?? ""}".TrimEnd(),
            state =>
            {
                var item = old is null ? null : kind.Find(state, old);
                var present = item is null ? [] : kind.InputOf(Held(request, state, item));
                was = item is null ? null : Shown(present);
                var next = kind.Put(state, item, inputOf(present), time.GetUtcNow());
                id = item?.Id ?? kind.Items(next).Max(made => made.Id);
                return next;
            },
            told: to => (was, Shown(kind.InputOf(kind.View(request.Network, to, Made(to, id))))));
        var made = Made(after, id);
        var view = kind.View(request.Network, after, made);
        request.Context.Response.Headers.ETag = kind.TagOf(view);
        if (old is null)
            request.Context.Response.Headers.Location = $"{request.Http.Path}/{Uri.EscapeDataString(made.Name)}";
        var answer = new Changed<TView>(view, after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after));
        return Results.Json(answer, ApiJson.Options, statusCode: old is null ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private async Task<IResult> RemoveAsync(ApiRequest request)
    {
        string name = request.Route("name");
        string? was = null;
        var (before, after) = NetworkChanges.Change(
            request, "remove", $"{kind.Word} {name}",
            state =>
            {
                var item = kind.Find(state, name);
                was = Shown(kind.InputOf(Held(request, state, item)));
                return kind.Remove(state, item, time.GetUtcNow());
            },
            told: _ => (was, null));
        return Results.Json(new Removed(after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
    }

    /// <summary>The object as it is, when that is the version which the client has seen.</summary>
    private TView Held(ApiRequest request, NetworkState state, TItem item)
    {
        var view = kind.View(request.Network, state, item);
        EntityTag.Require(request.Http, kind.TagOf(view));
        return view;
    }

    private TItem Made(NetworkState state, int id) => kind.Items(state).First(item => item.Id == id);

    private static string Shown(JsonObject input) => input.ToJsonString(ApiJson.Options);

    /// <summary>RFC 7396 for objects of one level: null takes a member away, everything else replaces it.</summary>
    private static JsonObject Merge(JsonObject present, JsonObject patch)
    {
        foreach (var (member, value) in patch)
        {
            if (value is null)
                present.Remove(member);
            else
                present[member] = value.DeepClone();
        }

        return present;
    }
}
