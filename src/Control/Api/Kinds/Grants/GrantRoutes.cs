using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>Who gets which resource. A grant has no name: it is addressed by its resource, the kind of who gets it, and their name.</summary>
internal sealed class GrantRoutes(TimeProvider time)
{
    private static readonly PrincipalKind[] Kinds = Enum.GetValues<PrincipalKind>();

    public void Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("grants").WithTags("grants");
        group.Map(HttpMethod.Get, "", "grants.list", "The grants, by resource.", List)
            .TakesPage().Requires(Permissions.GrantsRead).Produces<Page<GrantView>>();
        group.Map(HttpMethod.Post, "", "grants.create", "Grants one resource to roles, users, machines and external clients.", CreateAsync)
            .Requires(Permissions.GrantsWrite).Accepts<GrantInput>("application/json").Produces<Changed<IReadOnlyList<GrantView>>>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Delete, "{resource}/{kind}/{principal}", "grants.remove", "Takes one grant back; live sessions lose it at once.", RemoveAsync)
            .Requires(Permissions.GrantsWrite).Produces<Removed>();
    }

    private static IResult List(ApiRequest request)
    {
        var state = request.State;
        request.Context.Response.Headers.ETag = TagOf(state);
        return Results.Json(Paging.Of(request.Http, GrantView.Of(state), grant => $"{grant.Resource}/{grant.Kind}/{grant.Principal}", grant => grant), ApiJson.Options);
    }

    /// <summary>Of all grants: one by itself never changes.</summary>
    private static string TagOf(NetworkState state) => EntityTag.Of(string.Join('\n', state.Grants.Select(grant => $"{grant.Resource} {grant.Kind} {grant.Principal}")));

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await JsonBody.ReadObjectAsync(request.Http);
        JsonBody.Check(input, ApiJson.TypeOf<GrantInput>(), partly: false);
        IReadOnlyList<GrantDescription> asked = [];
        var (before, after) = NetworkChanges.Change(request, "add", "grant", state =>
        {
            EntityTag.Require(request.Http, TagOf(state));
            var findings = new Findings();
            asked = DescriptionReader.ForObject(state, null, findings).ReadGrant(JsonNodes.ToNode(input, System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName), "") ?? [];
            if (findings.Any)
                throw ApiException.Fields(findings.Sorted().Select(finding => KeyValuePair.Create(finding.Path == "external-clients" ? "externalClients" : finding.Path, $"{finding.Problem}; {finding.Fix}")));
            var network = StateDescription.Of(state);
            return Reconciliation.Reconcile(state, network with { Grants = network.Grants.Concat(asked).Distinct().ToValueList() }, time.GetUtcNow(), RandomSource.System);
        });
        var made = asked.Select(grant => new GrantView(grant.Resource, Names.Of(grant.Kind), grant.Principal)).ToList();
        var answer = new Changed<IReadOnlyList<GrantView>>(made, after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after));
        return Results.Json(answer, ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult> RemoveAsync(ApiRequest request)
    {
        string resource = request.Route("resource"), kind = request.Route("kind"), principal = request.Route("principal");
        if (!Kinds.Any(known => Names.Of(known) == kind))
            throw new ApiException(StatusCodes.Status404NotFound, $"Grants are for {string.Join(", ", Kinds.Select(known => Names.Of(known)))}.");
        var (before, after) = NetworkChanges.Change(request, "remove", $"grant {resource} → {kind} {principal}", state =>
        {
            EntityTag.Require(request.Http, TagOf(state));
            var views = GrantView.Of(state);
            int index = Enumerable.Range(0, views.Count).FirstOrDefault(i =>
                Names.Comparer.Equals(views[i].Resource, resource) && views[i].Kind == kind && Names.Comparer.Equals(views[i].Principal, principal), -1);
            return index < 0
                ? throw new ApiException(StatusCodes.Status404NotFound, "There is no such grant.")
                : state with { Grants = state.Grants.Where((_, i) => i != index).ToValueList(), Revision = state.Revision + 1 };
        });
        return Results.Json(new Removed(after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
    }
}
