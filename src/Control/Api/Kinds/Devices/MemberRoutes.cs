namespace Keyhole.Control;

/// <summary>What every user of an organisation may see and do without any permission: itself, its devices, and what it may reach.</summary>
internal static class MemberRoutes
{
    public static void Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("me").WithTags("me");
        group.Map(HttpMethod.Get, "", "me.read", "The caller as a user of the organisation: roles, permissions, devices, and what they reach.", Read)
            .RequiresMember().Produces<MemberView>();
        group.Map(HttpMethod.Delete, "devices/{name}", "me.devices.remove", "Removes one device of the caller.", RemoveAsync)
            .RequiresMember().Produces<Removed>();
    }

    private static IResult Read(ApiRequest request)
    {
        var network = request.Network;
        // Of one moment: the user may be gone in the next.
        var compiled = network.Ledger.Compiled;
        var state = compiled.State;
        var user = UserOf(request, state);
        var reachable = compiled.Access.Of(user);
        return Results.Json(
            new MemberView(
                network.Name,
                UserView.Of(state, user),
                [.. Permissions.All.Where(Rights.Of(state, user).Contains)],
                [.. state.Peers.Where(peer => peer.Kind == PeerKind.Device && peer.Owner == user.Id).Select(device => DeviceView.Of(network, state, device))],
                [.. state.Resources.Where(resource => reachable.Contains(resource.Id)).Select(resource => ResourceView.Of(state, resource))]),
            ApiJson.Options);
    }

    private static async Task<IResult> RemoveAsync(ApiRequest request)
    {
        string name = request.Route("name");
        var (before, after) = NetworkChanges.Change(request, "remove", $"device {name}", state =>
        {
            var device = DeviceRoutes.Find(state, name, UserOf(request, state).Id);
            EntityTag.Require(request.Http, DeviceView.TagOf(device));
            return device.DeviceState is DeviceState.Blocked or DeviceState.Archived
                ? throw new ApiException(StatusCodes.Status403Forbidden, "This device was blocked or archived: only whoever may write devices removes it.")
                : DeviceTransitions.Remove(state, device);
        });
        return Results.Json(new Removed(after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
    }

    private static User UserOf(ApiRequest request, NetworkState state) =>
        request.Caller.UserOf(state) ?? throw new ApiException(StatusCodes.Status403Forbidden, "You are no user of this organisation any more.");
}
