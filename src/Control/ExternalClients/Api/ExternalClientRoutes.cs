using System.Text;

namespace Keyhole.Control;

/// <summary>What external clients have beyond what all objects have. Their configurations are secrets: who may change a client may see its own.</summary>
internal sealed class ExternalClientRoutes(ExternalClientKind kind)
{
    private const string Words = "external client";

    /// <summary>wg-quick takes no longer name for an interface.</summary>
    private const int LongestInterface = 15;

    /// <param name="clients">The routes of the kind.</param>
    public void Map(RouteGroupBuilder clients)
    {
        clients.Map(HttpMethod.Get, "{name}/session", "external-clients.session", "Where an external client is, what passed, and whether its configuration is outdated.", Session)
            .Requires(Permissions.ExternalClientsRead).Produces<ExternalClientView>();
        clients.Map(HttpMethod.Get, "{name}/config", "external-clients.config.read", "The configuration as a file, without the private key.", ReadAsync)
            .Requires(Permissions.ExternalClientsWrite).Produces(StatusCodes.Status200OK, contentType: "text/plain");
        clients.Map(HttpMethod.Post, "{name}/config", "external-clients.config.create", "The configuration with a new private key, which is shown this once, as a text and as QR codes.", MakeAsync)
            .Requires(Permissions.ExternalClientsWrite).Accepts<ConfigInput>("application/json").Produces<ConfigMade>();
        clients.Map(HttpMethod.Post, "{name}/qr.png", "external-clients.qr.png", "The configuration with a new private key, which is shown this once, as a QR code.", request => QrAsync(request, "png", "image/png", QrCode.Png))
            .Requires(Permissions.ExternalClientsWrite).Accepts<ConfigInput>("application/json").Produces(StatusCodes.Status200OK, contentType: "image/png");
        clients.Map(HttpMethod.Post, "{name}/qr.svg", "external-clients.qr.svg", "The configuration with a new private key, which is shown this once, as a QR code.", request => QrAsync(request, "svg", "image/svg+xml", text => Encoding.UTF8.GetBytes(QrCode.Svg(text))))
            .Requires(Permissions.ExternalClientsWrite).Accepts<ConfigInput>("application/json").Produces(StatusCodes.Status200OK, contentType: "image/svg+xml");
        clients.Map(HttpMethod.Post, "{name}/enable", "external-clients.enable", "Lets an external client work, with the configuration that it has.", request => EnableAsync(request, true))
            .Requires(Permissions.ExternalClientsWrite).Produces<Changed<ExternalClientView>>();
        clients.Map(HttpMethod.Post, "{name}/disable", "external-clients.disable", "Keeps an external client out: its session ends, and it can be enabled again.", request => EnableAsync(request, false))
            .Requires(Permissions.ExternalClientsWrite).Produces<Changed<ExternalClientView>>();
    }

    /// <summary>Names hold letters, digits, dots, hyphens and underscores, and begin with a letter or digit: safe in a header and on every file system.</summary>
    public static string FileNameOf(string client, string extension) => $"{client[..Math.Min(client.Length, LongestInterface)]}.{extension}";

    private static IResult Session(ApiRequest request) => Results.Json(request.Network.Clients.Show(Find(request).Name), ApiJson.Options);

    private static async Task<IResult> ReadAsync(ApiRequest request)
    {
        var client = Find(request);
        if (!ExternalClientConfig.HasKeys(client))
            throw new OperatorException($"the {Words} {client.Name} has no keys yet: make its configuration by POST first");
        var answer = await request.Network.Configs.MakeAsync(new ConfigRequest(client.Name, NewKey: false), request.Caller.Actor);
        return File(answer.Config, "text/plain; charset=utf-8", FileNameOf(client.Name, "conf"));
    }

    private async Task<IResult> MakeAsync(ApiRequest request)
    {
        var client = Find(request);
        var input = await request.ReadAsync(ApiJson.TypeOf<ConfigInput>());
        var answer = await MakeAsync(request, new ConfigRequest(client.Name, input.NewKey ?? false));
        var images = answer.HasPrivateKey && QrCode.Fits(answer.Config)
            ? new QrImages(Convert.ToBase64String(QrCode.Png(answer.Config)), QrCode.Svg(answer.Config)) : null;
        return Results.Json(new ConfigMade(answer.Config, FileNameOf(client.Name, "conf"), answer.HasPrivateKey, images, answer.Notes), ApiJson.Options);
    }

    private async Task<IResult> QrAsync(ApiRequest request, string extension, string contentType, Func<string, byte[]> draw)
    {
        var client = Find(request);
        var input = await request.ReadAsync(ApiJson.TypeOf<ConfigInput>());
        var answer = await MakeAsync(request, new ConfigRequest(client.Name, input.NewKey ?? false, ForQr: true));
        return Results.File(draw(answer.Config), contentType, FileNameOf(client.Name, extension));
    }

    /// <summary>The answer holds a private key, and the configuration before stops working: for nobody who may not any more, and for no version that was not seen.</summary>
    private Task<ConfigAnswer> MakeAsync(ApiRequest request, ConfigRequest wanted) => request.Network.Configs.MakeAsync(wanted, request.Caller.Actor, state =>
    {
        NetworkChanges.HeldIn(request, state);
        EntityTag.Require(request.Http, kind.TagOf(request.Network, state, wanted.Name));
    });

    private async Task<IResult> EnableAsync(ApiRequest request, bool enabled)
    {
        string name = Find(request).Name;
        var (before, after) = NetworkChanges.Change(
            request, enabled ? "enable" : "disable", $"{Words} {name}", state =>
            {
                EntityTag.Require(request.Http, kind.TagOf(request.Network, state, name));
                return Transitions.Enable(state, ExternalClients.Find(state, name), enabled);
            });
        var enforcement = await NetworkChanges.FollowAsync(request.Network, before, after);
        return Results.Json(new Changed<ExternalClientView>(request.Network.Clients.Show(name), after.Revision, enforcement), ApiJson.Options);
    }

    private static Peer Find(ApiRequest request) =>
        request.State.FindPeer(PeerKind.ExternalClient, request.Route("name")) ?? throw ApiException.NotFound(Words, request.Route("name"));

    private static IResult File(string text, string contentType, string name) => Results.File(Encoding.UTF8.GetBytes(text), contentType, name);
}
