using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Keyhole.Control.Tests;

/// <summary>What holds for every route of an organisation that changes something.</summary>
public class ChangingRouteTests
{
    private const string Key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";

    /// <summary>A request for each, by the name of the route, that would be done: the address below the organisation, and the body.</summary>
    private static readonly Dictionary<string, (string Path, string? Body)> Requests = new()
    {
        ["orgs.change"] = ("", """{"deviceApproval":true}"""),
        ["orgs.remove"] = ("", null),
        ["me.devices.remove"] = ("/me/devices/laptop", null),
        ["users.create"] = ("/users", """{"email":"late@example.com"}"""),
        ["users.change"] = ("/users/alice@example.com", """{"displayName":"Late"}"""),
        ["users.remove"] = ("/users/alice@example.com", null),
        ["users.email"] = ("/users/alice@example.com/email", """{"email":"late@example.com"}"""),
        ["roles.create"] = ("/roles", """{"name":"late"}"""),
        ["roles.change"] = ("/roles/staff", """{"name":"late"}"""),
        ["roles.remove"] = ("/roles/staff", null),
        ["sites.create"] = ("/sites", """{"name":"late"}"""),
        ["sites.change"] = ("/sites/office", """{"name":"late"}"""),
        ["sites.remove"] = ("/sites/office", null),
        ["connectors.create"] = ("/connectors", """{"name":"late","site":"office"}"""),
        ["connectors.change"] = ("/connectors/office-1", """{"name":"late"}"""),
        ["connectors.remove"] = ("/connectors/office-1", null),
        ["connectors.credentials.create"] = ("/connectors/office-1/credentials", "{}"),
        ["connectors.credentials.revoke"] = ("/connectors/office-1/credentials", null),
        ["connectors.credentials.revokeOne"] = ("/connectors/office-1/credentials/x", null),
        ["relays.create"] = ("/relays", """{"name":"late","endpoints":["203.0.113.11:21820"]}"""),
        ["relays.change"] = ("/relays/vps", """{"name":"late"}"""),
        ["relays.remove"] = ("/relays/vps", null),
        ["relays.credentials.create"] = ("/relays/vps/credentials", "{}"),
        ["relays.credentials.revoke"] = ("/relays/vps/credentials", null),
        ["relays.credentials.revokeOne"] = ("/relays/vps/credentials/x", null),
        ["resources.create"] = ("/resources", """{"name":"late","site":"office","destination":"192.168.1.99"}"""),
        ["resources.change"] = ("/resources/web", """{"name":"late"}"""),
        ["resources.remove"] = ("/resources/web", null),
        ["grants.create"] = ("/grants", """{"resource":"web","users":["alice@example.com"]}"""),
        ["grants.remove"] = ("/grants/web/machine/ci", null),
        ["devices.enrol"] = ("/devices", $$"""{"name":"late","publicKey":"{{Key}}"}"""),
        ["devices.approve"] = ("/devices/laptop/approve", null),
        ["devices.block"] = ("/devices/laptop/block", null),
        ["devices.archive"] = ("/devices/laptop/archive", null),
        ["devices.remove"] = ("/devices/laptop", null),
        ["machines.create"] = ("/machines", """{"name":"late"}"""),
        ["machines.change"] = ("/machines/ci", """{"name":"late"}"""),
        ["machines.remove"] = ("/machines/ci", null),
        ["machines.credentials.create"] = ("/machines/ci/credentials", "{}"),
        ["machines.credentials.revoke"] = ("/machines/ci/credentials", null),
        ["machines.credentials.revokeOne"] = ("/machines/ci/credentials/x", null),
        ["external-clients.create"] = ("/external-clients", """{"name":"late"}"""),
        ["external-clients.change"] = ("/external-clients/phone", """{"name":"late"}"""),
        ["external-clients.remove"] = ("/external-clients/phone", null),
        ["external-clients.config.create"] = ("/external-clients/phone/config", """{"newKey":true}"""),
        ["external-clients.qr.png"] = ("/external-clients/phone/qr.png", """{"newKey":true}"""),
        ["external-clients.qr.svg"] = ("/external-clients/phone/qr.svg", """{"newKey":true}"""),
        ["external-clients.enable"] = ("/external-clients/phone/enable", null),
        ["external-clients.disable"] = ("/external-clients/phone/disable", null),
        ["invitations.create"] = ("/invitations", """{"email":"late@example.com"}"""),
        ["invitations.remove"] = ("/invitations/x", null),
        ["provisioning-keys.create"] = ("/provisioning-keys", """{"name":"late","kind":"machine"}"""),
        ["provisioning-keys.remove"] = ("/provisioning-keys/fleet", null),
        ["api-keys.create"] = ("/api-keys", """{"name":"late","scopes":["sites:read"]}"""),
        ["api-keys.remove"] = ("/api-keys/ci", null),
        ["ssh.sign"] = ("/ssh/sign", $$"""{"host":"web","publicKey":"{{Key}}"}"""),
        ["ssh.rotate"] = ("/ssh/authority/rotate", "{}"),
        ["ssh.retire"] = ("/ssh/authority/x", null),
        ["ssh.forget-host"] = ("/ssh/hosts/web/forget", "{}"),
        ["network.apply"] = ("/network", "version: 1\norg: acme\n"),
    };

    /// <summary>Those that read, with a body.</summary>
    private static readonly string[] Reading = ["network.plan"];

    private static List<(string Name, string Method, string Pattern, bool HasBody)> Routes(ApiServer server)
    {
        var routes = server.Control.Server.PublicServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/api/v1/orgs/{org}", StringComparison.Ordinal))
            .Select(route => (route.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName, route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single(),
                route.RoutePattern.RawText!["/api/v1/orgs/{org}".Length..], route.Metadata.GetMetadata<IAcceptsMetadata>() is not null))
            .Where(route => route.Item2 != "GET" && !Reading.Contains(route.EndpointName)).ToList();
        Assert.Equal(Requests.Keys.Order(StringComparer.Ordinal), routes.Select(route => route.EndpointName).Order(StringComparer.Ordinal));
        return routes;
    }

    private static async Task<ApiServer> StartAsync()
    {
        var server = await ApiServer.StartAsync();
        // No configuration is made before the relay has told its key.
        server.Network.Ledger.Change(
            state => Transitions.ReportKey(state, new Agent(AgentKind.Relay, state.Relays[0].Id), TestAgent.NewPublicKey())!, (_, _) => new AuditEntry(Actor.Operator, "report-key", "relay vps"));
        (await server.PostAsync(ApiServer.Owner, "/devices", $$"""{"name":"laptop","publicKey":"{{TestAgent.NewPublicKey()}}"}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/provisioning-keys", """{"name":"fleet","kind":"machine"}""")).Expect(HttpStatusCode.Created);
        (await server.PostAsync(ApiServer.Owner, "/external-clients/phone/config", "{}")).Expect(HttpStatusCode.OK);
        await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "ci", ["sites:read"]);
        return server;
    }

    private static string MediaTypeOf(string name) => name == "network.apply" ? NetworkRoutes.Yaml : "application/json";

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_change_of_what_is_there_is_refused_for_a_version_that_is_over()
    {
        await using var server = await StartAsync();
        string session = server.Sessions.Begin(ApiServer.Owner);
        var before = server.Network.Ledger.State;
        foreach (var (name, method, pattern, _) in Routes(server).Where(route => route.Method != "POST" || route.Pattern.Contains('{')))
        {
            var (path, body) = Requests[name];
            var answer = await server.SendWithTokenAsync(session, new HttpMethod(method), path.Length == 0 ? ApiServer.Acme : path, body, "\"old\"", MediaTypeOf(name));
            Assert.True(answer.Status == HttpStatusCode.PreconditionFailed, $"{name}: {answer.Text}");
        }

        Assert.Equal(before, server.Network.Ledger.State);
        // New keys are another version, too: of two who want some, the second has not seen those of the first.
        string tag = (await server.GetAsync(ApiServer.Owner, "/external-clients/phone")).ETag!;
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/external-clients/phone/config", """{"newKey":true}""", tag)).Expect(HttpStatusCode.OK);
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Post, "/external-clients/phone/config", """{"newKey":true}""", tag)).Expect(HttpStatusCode.PreconditionFailed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Threat", "28")]
    public async Task Whoever_loses_session_or_rights_while_the_body_is_on_its_way_changes_nothing(bool session)
    {
        await using var server = await StartAsync();
        var ledger = server.Network.Ledger;
        // Who may log in by SSH is asked in other words, behind the key's own form.
        foreach (var (name, method, _, _) in Routes(server).Where(route => route.HasBody && (session || route.Name != "ssh.sign")))
        {
            var (path, body) = Requests[name];
            string token = server.Sessions.Begin(ApiServer.Admin);
            var before = ledger.State;
            string status = await SendLateAsync(server, method, path, token, body!, MediaTypeOf(name), () =>
            {
                if (session)
                    server.Sessions.End(token);
                else
                    before = Disable(ledger, true);
            });
            Assert.True(status.Contains(session ? "401" : "403", StringComparison.Ordinal), $"{name}: {status}");
            Assert.Equal(before, ledger.State);
            Disable(ledger, false);
        }
    }

    private static NetworkState Disable(Ledger ledger, bool disabled) => ledger.Change(
        state => state with { Users = state.Users.Select(user => user.Email == ApiServer.Admin ? user with { Disabled = disabled } : user).ToValueList() },
        (_, _) => new AuditEntry(Actor.Operator, "change", $"user {ApiServer.Admin}")).After.State;

    /// <summary>Sends the head, has something happen when the server wants the body, sends that, and gives the status line back.</summary>
    private static async Task<string> SendLateAsync(ApiServer server, string method, string path, string token, string body, string mediaType, Action between)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Control.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{method} {ApiServer.Acme}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {mediaType}\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        using var reader = new StreamReader(stream);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Assert.Contains("100", await reader.ReadLineAsync(deadline.Token), StringComparison.Ordinal);
        between();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(body));
        await reader.ReadLineAsync(deadline.Token);
        return await reader.ReadLineAsync(deadline.Token) ?? "";
    }
}
