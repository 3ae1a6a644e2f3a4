namespace Keyhole.Control;

/// <summary>Logins by SSH: certificates for people, the CA and the hosts for those who look after them.</summary>
internal static class SshRoutes
{
    private static readonly QueryParameter Force = new("force", "true: also where a host trusts no newer key.", Number: false);

    public static void Map(IEndpointRouteBuilder organisation)
    {
        var group = organisation.MapGroup("ssh").WithTags("ssh");
        group.Map(HttpMethod.Post, "sign", "ssh.sign", "Prepares the caller's account on a host, and signs a key that opens it for five minutes.", SignAsync)
            .RequiresMember("SSH needs a person").Accepts<SshSignInput>("application/json").Produces<SshSignAnswer>();
        group.Map(HttpMethod.Get, "authority", "ssh.authority", "The keys of the organisation's CA, newest first.", ReadAuthority)
            .Requires(Permissions.SshRead).Produces<SshAuthorityView>();
        group.Map(HttpMethod.Post, "authority/rotate", "ssh.rotate", "Adds a key to the CA. Hosts trust it when they have it; the older ones stay until they are retired.", RotateAsync)
            .Requires(Permissions.SshWrite).Accepts<SshRotateInput>(isOptional: true, "application/json").Produces<SshAuthorityView>();
        group.Map(HttpMethod.Delete, "authority/{fingerprint}", "ssh.retire", "Takes a key of the CA away. \"/\" in a fingerprint is written as %2F.", Retire)
            .Requires(Permissions.SshWrite).WithMetadata(Force).Produces<SshAuthorityView>();
        group.Map(HttpMethod.Get, "hosts", "ssh.hosts", "The hosts that people log in to, as they have shown themselves.", ListHosts)
            .TakesPage().Requires(Permissions.SshRead).Produces<Page<SshHostView>>();
        group.Map(HttpMethod.Post, "hosts/{name}/forget", "ssh.forget-host", "Takes the keys that a host shows now for its own: it was reinstalled.", ForgetAsync)
            .Requires(Permissions.SshWrite).Accepts<SshForgetInput>(isOptional: true, "application/json").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> SignAsync(ApiRequest request)
    {
        var input = await request.ReadAsync(ApiJson.TypeOf<SshSignInput>());
        return Results.Json(await request.Network.Ssh.Signer.SignAsync(request.Caller, input, request.Context.RequestAborted), ApiJson.Options);
    }

    private static IResult ReadAuthority(ApiRequest request)
    {
        request.Context.Response.Headers.ETag = TagOf(request.State);
        return Results.Json(request.Network.Ssh.Authority(), ApiJson.Options);
    }

    /// <summary>Of the CA's keys; whoever trusts them is no part of it.</summary>
    private static string TagOf(NetworkState state) => EntityTag.Of($"{state.Ssh.Authority} {SshLogins.Describe(state)}");

    /// <summary>Of all hosts, as they are enrolled and as they show themselves.</summary>
    private static string TagOfHosts(NetworkState state) =>
        EntityTag.Of(string.Join('\n', state.Ssh.Hosts.Select(host => $"{host.Resource} {string.Join(' ', host.HostKeys)} | {string.Join(' ', host.Offer?.HostKeys ?? [])}")));

    private static async Task<IResult> RotateAsync(ApiRequest request)
    {
        var input = await ReadAsync<SshRotateInput>(request);
        NetworkChanges.Change(
            request, "ssh-rotate", "ssh authority",
            state =>
            {
                EntityTag.Require(request.Http, TagOf(state));
                return request.Network.Ssh.Rotate(state, input.Newest);
            },
            told: to => (null, SshLogins.Describe(to)));
        return ReadAuthority(request);
    }

    private static IResult Retire(ApiRequest request)
    {
        string fingerprint = Uri.UnescapeDataString(request.Route("fingerprint"));
        bool force = request.Http.Query["force"] == "true";
        NetworkChanges.Change(
            request, force ? "ssh-retire-by-force" : "ssh-retire", $"ssh authority {Findings.Shown(fingerprint)}",
            state =>
            {
                EntityTag.Require(request.Http, TagOf(state));
                return request.Network.Ssh.Retire(state, fingerprint, force);
            },
            told: to => (null, SshLogins.Describe(to)));
        return ReadAuthority(request);
    }

    private static IResult ListHosts(ApiRequest request)
    {
        request.Context.Response.Headers.ETag = TagOfHosts(request.State);
        return Results.Json(Paging.Of(request.Http, request.Network.Ssh.Hosts(), host => host.Resource, host => host), ApiJson.Options);
    }

    private static async Task<IResult> ForgetAsync(ApiRequest request)
    {
        string name = request.Route("name");
        var input = await ReadAsync<SshForgetInput>(request);
        NetworkChanges.Change(
            request, "ssh-forget-host", $"resource {Findings.Shown(name)}",
            state =>
            {
                EntityTag.Require(request.Http, TagOfHosts(state));
                return SshLogins.Forget(state, name, input.Keys);
            },
            told: _ => (null, input.Keys.Count == 0 ? null : string.Join(", ", input.Keys)));
        return Results.NoContent();
    }

    /// <summary>A body that may be left out.</summary>
    private static async Task<T> ReadAsync<T>(ApiRequest request) where T : class, new() =>
        request.Http.ContentLength is null or 0 && request.Http.ContentType is null ? new T() : await request.ReadAsync(ApiJson.TypeOf<T>());
}
