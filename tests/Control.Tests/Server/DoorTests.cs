using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Keyhole.Control.Tests;

/// <summary>What can be reached from where, and what is refused at the door.</summary>
public class DoorTests
{
    private static async Task<HttpResponseMessage> GetAsync(Uri server, string path, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request);
    }

    [Fact]
    [Trait("Promise", "O7")]
    public async Task Health_readiness_and_the_description_of_the_interface_are_public()
    {
        await using var control = await RunningControl.StartAsync();
        using var health = await GetAsync(control.Address, "/healthz");
        using var ready = await GetAsync(control.Address, "/readyz");
        using var openApi = await GetAsync(control.Address, "/openapi/v1.json");
        Assert.Equal(("ok\n", "ready\n"), (await health.Content.ReadAsStringAsync(), await ready.Content.ReadAsStringAsync()));
        using var document = JsonDocument.Parse(await openApi.Content.ReadAsStringAsync());
        var paths = document.RootElement.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        Assert.All(["/api/v1/agent", "/healthz", "/readyz"], path => Assert.Contains(path, paths));
        Assert.Equal("nosniff", Assert.Single(health.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", Assert.Single(health.Headers.GetValues("Content-Security-Policy")));
        Assert.True(health.Headers.CacheControl!.NoStore);
        Assert.Empty(health.Headers.Server);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task No_route_of_the_operator_is_on_the_TCP_listener()
    {
        await using var control = await RunningControl.StartAsync();
        var routes = control.Server.PublicServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText!).ToList();
        Assert.DoesNotContain(routes, route => route.StartsWith("/v1/", StringComparison.Ordinal));
        foreach (string path in new[] { OperatorRoutes.Apply, OperatorRoutes.Credentials, OperatorRoutes.Config, OperatorRoutes.Export, OperatorRoutes.Status })
        {
            using var answer = await GetAsync(control.Address, path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Only_the_owner_can_reach_the_socket_and_the_files()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(control.Directory));
        foreach (string file in Directory.EnumerateFiles(control.Directory))
            Assert.True((UnixFileMode.UserRead | UnixFileMode.UserWrite) == File.GetUnixFileMode(file), $"{file}: {File.GetUnixFileMode(file)}");
        Assert.Equal(
            ["control.db", "control.db-shm", "control.db-wal", "control.key", "control.lock", "control.sock", "setup-token"],
            Directory.EnumerateFiles(control.Directory).Select(file => Path.GetFileName(file)!).Order());
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_flood_of_wrong_secrets_is_refused_cheaply_and_locks_nobody_out()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var right = await control.CredentialAsync(AgentKind.Relay, "vps");
        for (int i = 0; i < FailureLimiter.AllowedPerMinute; i++)
        {
            using var refused = await GetAsync(control.Address, AgentWire.Path, (AgentWire.IdHeader, i % 2 == 0 ? right.Id : "nobody"), (AgentWire.SecretHeader, "wrong"));
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        }

        using var flooded = await GetAsync(control.Address, AgentWire.Path);
        Assert.Equal(HttpStatusCode.TooManyRequests, flooded.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(1), flooded.Headers.RetryAfter!.Delta);
        using var agent = await TestAgent.ConnectAsync(control.Address, right, AgentKind.Relay);
        await agent.HelloAsync();
        await agent.ReadTableAsync();
        Assert.Single(control.Log.Lines, line => line.Contains("wrong ID or secret", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Browsers_and_plain_requests_get_no_WebSocket()
    {
        await using var control = await RunningControl.StartAsync();
        await control.ApplyAsync(Samples.Acme);
        var right = await control.CredentialAsync(AgentKind.Relay, "vps");
        using var browser = await GetAsync(control.Address, AgentWire.Path, (AgentWire.IdHeader, right.Id), (AgentWire.SecretHeader, right.Secret), ("Origin", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, browser.StatusCode);
        using var plain = await GetAsync(control.Address, AgentWire.Path, (AgentWire.IdHeader, right.Id), (AgentWire.SecretHeader, right.Secret));
        Assert.Equal(HttpStatusCode.UpgradeRequired, plain.StatusCode);
    }

    [Fact]
    [Trait("Threat", "30")]
    public async Task Large_bodies_are_refused()
    {
        await using var control = await RunningControl.StartAsync();
        using var http = new HttpClient();
        using var body = new ByteArrayContent(new byte[1024 * 1024]);
        HttpStatusCode? status = null;
        try
        {
            using var answer = await http.PostAsync(new Uri(control.Address, "/healthz"), body);
            status = answer.StatusCode;
        }
        catch (HttpRequestException error) when (error.InnerException is IOException or SocketException)
        {
            // Closed while the body was still on its way.
        }

        Assert.True(status is null or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.MethodNotAllowed, status.ToString());
        var refused = await control.ApplyAsync(new string('é', DescriptionReader.MaximumLength + 1));
        Assert.Equal("the file is longer than 4 MiB", Assert.Single(refused.Errors).Problem);
    }

    [Fact]
    public async Task Two_servers_do_not_share_a_directory_and_a_taken_port_is_named()
    {
        await using var control = await RunningControl.StartAsync();
        var second = await Assert.ThrowsAsync<OperatorException>(() => RunningControl.StartAsync(control.Directory));
        Assert.Contains($"another keyhole-control serves {control.Directory}", second.Message, StringComparison.Ordinal);

        string other = RunningControl.NewDirectory();
        var options = ServeOptions.Parse(other, control.Address.GetLeftPart(UriPartial.Authority), null, allowHttp: false);
        var taken = await Assert.ThrowsAsync<OperatorException>(() => ControlServer.StartAsync(options, TimeProvider.System, _ => { }));
        Assert.Contains($"{options.Listen} cannot be used", taken.Message, StringComparison.Ordinal);
        Directory.Delete(other, recursive: true);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", null, false, null)]
    [InlineData("http://[::1]:1", null, false, null)]
    [InlineData("http://0.0.0.0:1", null, false, "plain HTTP")]
    [InlineData("http://[::]:1", "http://control.example.com", false, "plain HTTP")]
    [InlineData("http://0.0.0.0:1", null, true, null)]
    [InlineData("http://0.0.0.0:1", "https://control.example.com", false, null)]
    [InlineData("https://127.0.0.1:1", null, false, "is not http://ADDRESS:PORT")]
    [InlineData("http://localhost:1", null, false, "is not http://ADDRESS:PORT")]
    [InlineData("http://127.0.0.1:1/x", null, false, "is not http://ADDRESS:PORT")]
    [InlineData("127.0.0.1:1", null, false, "is not http://ADDRESS:PORT")]
    [InlineData("http://127.0.0.1:1", "control.example.com", false, "is no URL")]
    public void Listening_in_the_open_is_a_decision(string listen, string? publicUrl, bool allowHttp, string? problem)
    {
        if (problem is null)
            Assert.NotNull(ServeOptions.Parse("/x", listen, publicUrl, allowHttp));
        else
            Assert.Contains(problem, Assert.Throws<OperatorException>(() => ServeOptions.Parse("/x", listen, publicUrl, allowHttp)).Message, StringComparison.Ordinal);
    }
}
