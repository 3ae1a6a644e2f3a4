namespace Keyhole.Control;

/// <summary>The IDs and secrets of relays, connectors and machines: make, replace with or without overlap, revoke.</summary>
internal sealed class CredentialRoutes(TimeProvider time)
{
    private static readonly TimeSpan LongestOverlap = TimeSpan.FromDays(30);

    /// <param name="group">The routes of the kind.</param>
    /// <param name="tagOf">The entity tag of the object whose credentials they are.</param>
    public void Map(RouteGroupBuilder group, AgentKind kind, string permission, Func<Network, NetworkState, string, string> tagOf)
    {
        string word = Names.Of(kind);
        group.Map(HttpMethod.Post, "{name}/credentials", $"{word}s.credentials.create", $"Makes an ID and secret for one {word}; its older ones end now, or after the overlap.", request => CreateAsync(request, kind, tagOf))
            .Requires(permission).Accepts<CredentialInput>("application/json").Produces<CredentialMade>(StatusCodes.Status201Created);
        group.Map(HttpMethod.Delete, "{name}/credentials", $"{word}s.credentials.revoke", $"Revokes all IDs and secrets of one {word}: its connections end.", request => RevokeAsync(request, kind, null, tagOf))
            .Requires(permission).Produces<Removed>();
        group.Map(HttpMethod.Delete, "{name}/credentials/{id}", $"{word}s.credentials.revokeOne", $"Revokes one ID and secret of one {word}.", request => RevokeAsync(request, kind, request.Route("id"), tagOf))
            .Requires(permission).Produces<Removed>();
    }

    private async Task<IResult> CreateAsync(ApiRequest request, AgentKind kind, Func<Network, NetworkState, string, string> tagOf)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<CredentialInput>());
        if (input.OverlapSeconds is { } seconds && (seconds < 0 || seconds > LongestOverlap.TotalSeconds))
            throw ApiException.Field("overlapSeconds", $"this is no number from 0 to {LongestOverlap.TotalSeconds}");
        string name = request.Route("name"), id = AgentSecret.NewId(kind), secret = AgentSecret.NewSecret();
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var (before, after) = NetworkChanges.Change(request, "rotate-credential", $"{Names.Of(kind)} {name}", state =>
        {
            var agent = Find(state, kind, name);
            EntityTag.Require(request.Http, tagOf(request.Network, state, name));
            DateTimeOffset? overlap = input.OverlapSeconds > 0 ? now.AddSeconds(input.OverlapSeconds.Value) : null;
            return Transitions.Rotate(state, new Credential(id, agent, AgentSecret.Hash(id, secret), now), overlap);
        });
        var answer = new CredentialMade(id, secret, await NetworkChanges.FollowAsync(request.Network, before, after));
        return Results.Json(answer, ApiJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> RevokeAsync(ApiRequest request, AgentKind kind, string? id, Func<Network, NetworkState, string, string> tagOf)
    {
        string name = request.Route("name");
        var (before, after) = NetworkChanges.Change(request, "revoke-credential", $"{Names.Of(kind)} {name}{(id is null ? "" : $" {Findings.Shown(id)}")}", state =>
        {
            var agent = Find(state, kind, name);
            EntityTag.Require(request.Http, tagOf(request.Network, state, name));
            if (id is not null && !state.Credentials.Any(credential => credential.Agent == agent && credential.Id == id))
                throw ApiException.NotFound("credential", id);
            return Transitions.Revoke(state, credential => credential.Agent == agent && (id is null || credential.Id == id));
        });
        return Results.Json(new Removed(after.Revision, await NetworkChanges.FollowAsync(request.Network, before, after)), ApiJson.Options);
    }

    private static Agent Find(NetworkState state, AgentKind kind, string name)
    {
        if (kind == AgentKind.Relay)
            return new Agent(kind, state.Relays.FirstOrDefault(relay => Names.Comparer.Equals(relay.Name, name))?.Id ?? throw ApiException.NotFound("relay", name));
        var peer = state.FindPeer(kind == AgentKind.Connector ? PeerKind.Connector : PeerKind.Machine, name) ?? throw ApiException.NotFound(Names.Of(kind), name);
        return peer.Stock
            ? throw new OperatorException($"the {Names.Of(kind)} {peer.Name} has a public key of its own: a stock WireGuard node runs there and needs no secret")
            : new Agent(kind, peer.Id);
    }
}
