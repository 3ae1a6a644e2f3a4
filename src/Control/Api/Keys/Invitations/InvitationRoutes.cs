namespace Keyhole.Control;

/// <param name="publicUrl">Where people reach the server from outside; null where that is what they asked.</param>
internal sealed class InvitationRoutes(Invitations invitations, Uri? publicUrl, TimeProvider time)
{
    private const int DefaultHours = 72;
    private const int MaximumHours = 30 * 24;

    /// <param name="routes">Of the whole interface: who accepts is no user of the organisation yet.</param>
    public void Map(IEndpointRouteBuilder routes, IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("invitations").WithTags("invitations");
        group.Map(HttpMethod.Get, "", "invitations.list", "The invitations, used ones included.", List)
            .TakesPage().Requires(Permissions.InvitationsRead).Produces<Page<InvitationView>>();
        group.Map(HttpMethod.Post, "", "invitations.create", "Invites somebody: the answer holds the link, which works once. No mail is sent.", CreateAsync)
            .Requires(Permissions.InvitationsWrite).Accepts<InvitationInput>("application/json").Produces<InvitationMade>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Delete, "{id}", "invitations.remove", "Removes one invitation: its link is refused from now on.", Remove)
            .Requires(Permissions.InvitationsWrite).Produces(StatusCodes.Status204NoContent);
        routes.Map(HttpMethod.Post, "invitations/accept", "invitations.accept", "Makes the caller a user of the organisation that invited it.", AcceptAsync)
            .WithTags("invitations").RequiresLogin().Accepts<InvitationAcceptance>("application/json").Produces<OrganisationInput>();
    }

    private IResult List(ApiRequest request)
    {
        var state = request.State;
        return Results.Json(Paging.Of(request.Http, invitations.Of(request.Network.Id), row => row.Id, row => InvitationView.Of(state, row)), ApiJson.Options);
    }

    private async Task<IResult> CreateAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<InvitationInput>());
        if (!HostSyntax.IsEmail(input.Email))
            throw ApiException.Field("email", "this is no e-mail address; write it like alice@example.com");
        if (input.Hours is < 1 or > MaximumHours)
            throw ApiException.Field("hours", $"this is no number from 1 to {MaximumHours}");
        var now = time.GetUtcNow();
        var token = KeyToken.New();
        Invitation? made = null;
        var (_, after) = NetworkChanges.Change(
            request, "add", $"invitation {input.Email}",
            state =>
            {
                var held = request.Caller.PermissionsIn(state);
                var roles = (input.Roles ?? [FixedRoles.Member]).Select(name =>
                    state.Roles.FirstOrDefault(role => Names.Comparer.Equals(role.Name, name)) ?? throw ApiException.Field("roles", $"no role is named \"{Findings.Shown(name)}\"")).ToList();
                if (roles.SelectMany(role => role.Permissions).Where(permission => !held.Contains(permission)).ToList() is [var missing, ..])
                    throw new ApiException(StatusCodes.Status403Forbidden, $"You do not hold {missing} yourself, which one of the roles gives.");
                made = new Invitation(
                    token.Id, request.Network.Id, input.Email, roles.Select(role => role.Name).Distinct().ToValueList(), token.Hash, request.Caller.UserOf(state)!.Id, now,
                    now.AddHours(input.Hours ?? DefaultHours), null);
                return state;
            },
            (connection, transaction) => Invitations.Add(connection, transaction, made!));
        var here = publicUrl ?? new Uri($"{request.Http.Scheme}://{request.Http.Host.ToUriComponent()}");
        var answer = new InvitationMade(InvitationView.Of(after, made!), new Uri(here, $"/invite/{token.ToText(Invitations.Prefix)}").ToString());
        return Results.Json(answer, ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static IResult Remove(ApiRequest request)
    {
        string id = request.Route("id");
        EntityTag.Require(request.Http, EntityTag.Of(id));
        NetworkChanges.Change(request, "remove", $"invitation {Findings.Shown(id)}", state => state, (connection, transaction) => Invitations.Remove(connection, transaction, request.Network.Id, id));
        return Results.NoContent();
    }

    private async Task<IResult> AcceptAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<InvitationAcceptance>());
        var network = invitations.Accept(
            input.Token, request.Caller.Name, request.Caller.Actor, isNew: false, (connection, transaction, _) => Accounts.Find(connection, transaction, request.Caller.Account!.Value));
        return Results.Json(new OrganisationInput { Name = network.Name }, ApiJson.Options);
    }
}
