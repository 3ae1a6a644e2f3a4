namespace Keyhole.Control;

/// <summary>Users' devices: they enrol by their user's login, and whoever may write devices says what becomes of them.</summary>
internal sealed class DeviceRoutes(Networks networks, OrganisationSettings settings, TimeProvider time)
{
    /// <summary>Of one user, without archived ones.</summary>
    public const int MaximumPerUser = 25;

    public void Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("devices").WithTags("devices");
        group.Map(HttpMethod.Get, "", "devices.list", "The devices of all users, by name.", List)
            .TakesPage().Requires(Permissions.DevicesRead).Produces<Page<DeviceView>>();
        group.Map(HttpMethod.Get, "{name}", "devices.read", "One device.", Read)
            .Requires(Permissions.DevicesRead).Produces<DeviceView>();
        group.Map(HttpMethod.Post, "", "devices.enrol", "Enrols a device of the caller; with a key that is enrolled already, logs it in anew.", EnrolAsync)
            .RequiresMember().Accepts<DeviceInput>("application/json").Produces<DeviceEnrolled>(StatusCodes.Status201Created);
        Map(group, "approve", "Lets one device reach what its user was granted.", DeviceState.Approved);
        Map(group, "block", "Takes everything from one device until it is approved again; live sessions end at once.", DeviceState.Blocked);
        Map(group, "archive", "Takes one device out for good and keeps it for the record.", DeviceState.Archived);
        group.Map(HttpMethod.Delete, "{name}", "devices.remove", "Removes one device.", RemoveAsync)
            .Requires(Permissions.DevicesWrite).Produces<Removed>();
    }

    /// <summary>The device of this name that is the caller's own, or anybody's.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public static Peer Find(NetworkState state, string name, int? owner = null) =>
        state.FindPeer(PeerKind.Device, name) is { } device && (owner is null || device.Owner == owner) ? device : throw ApiException.NotFound("device", name);

    private static IResult List(ApiRequest request)
    {
        var (network, state) = (request.Network, request.State);
        var devices = state.Peers.Where(peer => peer.Kind == PeerKind.Device);
        return Results.Json(Paging.Of(request.Http, devices, device => device.Name, device => DeviceView.Of(network, state, device)), ApiJson.Options);
    }

    private static IResult Read(ApiRequest request)
    {
        var state = request.State;
        var device = Find(state, request.Route("name"));
        request.Context.Response.Headers.ETag = DeviceView.TagOf(device);
        return Results.Json(DeviceView.Of(request.Network, state, device), ApiJson.Options);
    }

    private async Task<IResult> EnrolAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<DeviceInput>());
        if (!Names.IsName(input.Name))
            throw ApiException.Field("name", $"this is no name; use {Names.Rule}");
        if (!KeySyntax.IsPublicKey(input.PublicKey))
            throw ApiException.Field("publicKey", "this is no WireGuard public key");
        string id = AgentSecret.NewId(AgentKind.Device), secret = AgentSecret.NewSecret();
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        bool approved = !settings.NeedsDeviceApproval(request.Network.Id);
        var (before, after) = NetworkChanges.Change(request, "enrol", $"device {input.Name}", state =>
        {
            var owner = request.Caller.UserOf(state) ?? throw new ApiException(StatusCodes.Status403Forbidden, "You are no user of this organisation any more.");
            var own = state.Peers.Where(peer => peer.Owner == owner.Id && peer.DeviceState != DeviceState.Archived).ToList();
            bool known = own.Exists(device => device.PublicKey == input.PublicKey);
            if (!known && own.Count >= MaximumPerUser)
                throw new OperatorException($"you have {MaximumPerUser} devices already: remove one that you do not use");
            // A user with a blocked device does not get in by another key.
            bool trusted = approved && !own.Exists(device => device.DeviceState == DeviceState.Blocked);
            return DeviceTransitions.Enrol(state, owner, known ? input.Name : FreeName(state, input.Name), input.PublicKey, trusted, device =>
                new Credential(id, new Agent(AgentKind.Device, device), AgentSecret.Hash(id, secret), now) { Session = request.Caller.Session, Expires = request.Caller.SessionExpires });
        },
        (connection, transaction) =>
        {
            // Whoever ends the session now finds this device, too.
            if (!request.Caller.HoldSession(connection, transaction))
                throw ApiRequest.Over();
        });
        var made = after.Peers.First(peer => peer.Kind == PeerKind.Device && peer.PublicKey == input.PublicKey);
        var answer = new DeviceEnrolled(
            request.Network.Name, made.Name, made.DeviceState!.Value, id, secret, request.Caller.SessionExpires, await NetworkChanges.FollowAsync(request.Network, before, after));
        return Results.Json(answer, ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    /// <summary>A name that others' devices have is no secret worth a refusal: a number is put behind it.</summary>
    private static string FreeName(NetworkState state, string wanted)
    {
        var taken = state.Peers.Where(peer => peer.Kind == PeerKind.Device).Select(peer => peer.Name).ToHashSet(Names.Comparer);
        string name = wanted;
        for (int number = 2; taken.Contains(name); number++)
            name = $"{wanted[..Math.Min(wanted.Length, 56)]}-{number}";
        return name;
    }

    private void Map(RouteGroupBuilder group, string verb, string summary, DeviceState to) =>
        group.Map(HttpMethod.Post, $"{{name}}/{verb}", $"devices.{verb}", summary, async request =>
        {
            string name = request.Route("name");
            IReadOnlyList<long> sessions = [];
            var (before, after) = NetworkChanges.Change(
                request, verb, $"device {name}",
                state =>
                {
                    var device = Find(state, name);
                    EntityTag.Require(request.Http, DeviceView.TagOf(device));
                    sessions = to == DeviceState.Approved ? [] : SessionsOf(state, device);
                    return EndSessions(DeviceTransitions.Set(state, device, to), sessions);
                },
                // Who has the device has its user's login too: that ends with it.
                (connection, transaction) => LoginSessions.EndBecause(connection, transaction, sessions, to == DeviceState.Blocked
                    ? $"The device {name} is blocked, and its login ended with that: ask an administrator to approve it, then run \"keyhole login\" again."
                    : $"The device {name} was archived, and its login ended with that: run \"keyhole login\" again."));
            foreach (var other in networks.All.Where(other => other != request.Network && other.Ledger.State.Credentials.Any(credential => credential.Session is { } session && sessions.Contains(session))))
                EndIn(other, sessions, request.Caller.Actor);
            var view = DeviceView.Of(request.Network, after, Find(after, name));
            return Results.Json(new Changed<DeviceView>(view, after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
        }).Requires(Permissions.DevicesWrite).Produces<Changed<DeviceView>>();

    private static IReadOnlyList<long> SessionsOf(NetworkState state, Peer device) =>
        [.. state.Credentials.Where(credential => credential.Agent == new Agent(AgentKind.Device, device.Id)).Select(credential => credential.Session).OfType<long>().Distinct()];

    private static NetworkState EndSessions(NetworkState state, IReadOnlyList<long> sessions) => sessions.Aggregate(state, Transitions.EndSession);

    /// <summary>Where this fails, the device is taken out as soon as it is seen that its session is gone.</summary>
    private static void EndIn(Network network, IReadOnlyList<long> sessions, Actor actor)
    {
        try
        {
            network.Ledger.Change(state => EndSessions(state, sessions), (_, _) => new AuditEntry(actor, "end-session", $"sessions {string.Join(", ", sessions)}"));
        }
        catch (OperatorException error)
        {
            network.Log.Refused(error.Message);
        }
    }

    private static async Task<IResult> RemoveAsync(ApiRequest request)
    {
        string name = request.Route("name");
        var (before, after) = NetworkChanges.Change(request, "remove", $"device {name}", state =>
        {
            var device = Find(state, name);
            EntityTag.Require(request.Http, DeviceView.TagOf(device));
            return DeviceTransitions.Remove(state, device);
        });
        return Results.Json(new Removed(after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
    }
}
