namespace Keyhole.Control;

/// <summary>The organisations of the server. An account sees those that it is a user of; one that administers the server, the names of all.</summary>
internal sealed class OrganisationRoutes(Networks networks, OrganisationSettings settings, TimeProvider time)
{
    /// <returns>The group of one organisation, for everything in it.</returns>
    public RouteGroupBuilder Map(IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("orgs").WithTags("orgs");
        all.Map(HttpMethod.Get, "", "orgs.list", "The organisations that the caller is a user of; all of them for a server admin.", List)
            .TakesPage().RequiresLogin().Produces<Page<OrganisationView>>();
        all.Map(HttpMethod.Post, "", "orgs.create", "Makes an organisation with the caller as its owner.", CreateAsync)
            .RequiresServerAdmin().Accepts<OrganisationInput>("application/json").Produces<OrganisationView>(StatusCodes.Status201Created);
        all.Map(HttpMethod.Get, $"{{{AccessCheck.OrganisationParameter}}}", "orgs.read", "One organisation.", Read)
            .RequiresMember().Produces<OrganisationView>();
        all.Map(HttpMethod.Patch, $"{{{AccessCheck.OrganisationParameter}}}", "orgs.change", "Sets whether devices wait for approval.", ChangeAsync)
            .Requires(Permissions.DevicesWrite).Accepts<OrganisationPatch>("application/json").Produces<OrganisationView>();
        all.Map(HttpMethod.Delete, $"{{{AccessCheck.OrganisationParameter}}}", "orgs.remove", "Removes the organisation and everything in it, for good; all its sessions end.", Remove)
            .Requires(Permissions.OrganisationDelete).Produces(StatusCodes.Status204NoContent);
        return all.MapGroup($"{{{AccessCheck.OrganisationParameter}}}");
    }

    private IResult List(ApiRequest request)
    {
        var seen = networks.All.Where(network => request.Caller.IsServerAdmin || request.Caller.Sees(network));
        return Results.Json(Paging.Of(request.Http, seen, network => network.Name, network => View(network, request.Caller.Sees(network))), ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<OrganisationInput>());
        if (!Names.IsName(input.Name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        var description = new NetworkDescription
        {
            Organisation = input.Name,
            Users = [new UserDescription(request.Caller.Name, [FixedRoles.Owner])],
        };
        var made = networks.Create(
            input.Name,
            state => Reconciliation.Reconcile(state, description, time.GetUtcNow(), Cryptography.RandomSource.System),
            (_, _) => new AuditEntry(request.Caller.Actor, "create-organisation", $"org {input.Name}", null, $"owner {request.Caller.Name}"));
        request.Context.Response.Headers.Location = $"{request.Http.Path}/{made.Name}";
        return Results.Json(View(made, whole: true), ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private IResult Read(ApiRequest request)
    {
        request.Context.Response.Headers.ETag = EntityTag.Of(request.State.Revision);
        return Results.Json(View(request.Network, whole: true), ApiJson.Options);
    }

    private async Task<IResult> ChangeAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<OrganisationPatch>());
        NetworkChanges.Change(
            request, "change", $"org {request.Network.Name} (device approval {(input.DeviceApproval ? "on" : "off")})",
            state =>
            {
                EntityTag.Require(request.Http, EntityTag.Of(state.Revision));
                return state;
            },
            (connection, transaction) => OrganisationSettings.SetDeviceApproval(connection, transaction, request.Network.Id, input.DeviceApproval));
        return Results.Json(View(request.Network, whole: true), ApiJson.Options);
    }

    /// <summary>Whoever means it names its version: a request by mistake or from memory removes nothing.</summary>
    private IResult Remove(ApiRequest request)
    {
        if (request.Http.Headers.IfMatch.Count == 0)
            throw new ApiException(StatusCodes.Status428PreconditionRequired, "Removing an organisation needs If-Match with the ETag of the organisation.");
        request.CheckStillGood();
        networks.Delete(request.Network, request.Caller.Actor, state =>
        {
            NetworkChanges.HeldIn(request, state);
            EntityTag.Require(request.Http, EntityTag.Of(state.Revision), exact: true);
        });
        return Results.NoContent();
    }

    private OrganisationView View(Network network, bool whole)
    {
        var state = network.Ledger.State;
        return whole
            ? new(network.Name, state.Revision, [Overlay.Ipv4.ToString(), Overlay.Organisation(state.OverlayIpv6).ToString()], settings.NeedsDeviceApproval(network.Id))
            : new(network.Name, null, null, null);
    }
}
