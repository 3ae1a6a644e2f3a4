using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.OpenApi;

namespace Keyhole.Control.Tests;

/// <summary>Requests that are not what they should be.</summary>
public class RequestTests
{
    [Theory]
    [InlineData("application/json", "{", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "[]", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "null", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "", HttpStatusCode.BadRequest)]
    [InlineData("application/json", """{"name":"a","name":"b"}""", HttpStatusCode.BadRequest)]
    [InlineData("application/json", """{"name":"\ud800"}""", HttpStatusCode.BadRequest)]
    [InlineData("application/json", """{"name":{"name":"a"}}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("application/json", """{"name":["a"]}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("application/json", """{"name":7}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("text/plain", """{"name":"a"}""", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/x-www-form-urlencoded", "name=a", HttpStatusCode.UnsupportedMediaType)]
    [Trait("Threat", "30")]
    public async Task A_body_that_is_no_object_of_known_members_is_refused(string mediaType, string body, HttpStatusCode status)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.SendWithTokenAsync(server.Sessions.Begin(ApiServer.Owner), HttpMethod.Post, "/sites", body, mediaType: mediaType);
        Assert.True(status == answer.Status, answer.Text);
        Assert.Equal("application/problem+json", answer.MediaType);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_list_of_no_input_holds_a_null()
    {
        await using var server = await ApiServer.StartAsync();
        var inputs = server.Control.Server.PublicServices.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Select(route => (Route: route, Type: route.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IAcceptsMetadata>()?.RequestType))
            .Where(input => input.Type is not null && input.Route.RoutePattern.RawText!.StartsWith("/api/v1/orgs/{org}/", StringComparison.Ordinal))
            .SelectMany(input => ApiJson.Options.GetTypeInfo(input.Type!).Properties
                .Where(member => member.PropertyType != typeof(string) && typeof(System.Collections.IEnumerable).IsAssignableFrom(member.PropertyType))
                .Select(member => (input.Route, Body: $$"""{"{{member.Name}}":["x",null]}""", Place: $"{member.Name}[1]")))
            .ToList();
        Assert.True(inputs.Count > 15, $"only {inputs.Count} lists");
        foreach (var (route, body, place) in inputs)
        {
            string path = route.RoutePattern.RawText!.Replace("{org}", "acme", StringComparison.Ordinal).Replace("{name}", "nothing-here", StringComparison.Ordinal);
            string method = Assert.Single(route.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods);
            var answer = (await server.SendAsync(ApiServer.Owner, new HttpMethod(method), path, body)).Expect(HttpStatusCode.UnprocessableEntity);
            Assert.Equal("no list holds a null", answer.Error(place));
        }

        var nested = await server.PostAsync(ApiServer.Owner, "/resources", """{"name":"x","site":"office","destination":"10.0.0.9","ssh":{"groups":[null]}}""");
        Assert.Equal("no list holds a null", nested.Expect(HttpStatusCode.UnprocessableEntity).Error("ssh.groups[0]"));
    }

    [Theory]
    [InlineData("/api/v1/login", """{"email":"a\u0000","password":"correct horse battery"}""", "email")]
    [InlineData("/api/v1/provision", """{"key":"khp_\u0000_x","name":"ci"}""", "key")]
    [InlineData("/api/v1/setup", """{"token":"x","email":"a@acme.example","password":"\u0000","organisation":"acme"}""", "password")]
    [Trait("Threat", "28")]
    public async Task A_text_with_a_NUL_is_refused_before_anything_else_sees_it(string path, string json, string field)
    {
        await using var server = await ApiServer.StartAsync();
        Assert.Equal("no text holds a NUL", (await server.PostAsync(null, path, json)).Expect(HttpStatusCode.UnprocessableEntity).Error(field));
    }

    [Fact]
    [Trait("Threat", "30")]
    public async Task Huge_and_deep_bodies_are_refused_and_the_server_serves_on()
    {
        await using var server = await ApiServer.StartAsync();
        string session = server.Sessions.Begin(ApiServer.Owner);
        string deep = string.Concat(Enumerable.Repeat("""{"name":""", 20_000 / 8));
        (await server.SendWithTokenAsync(session, HttpMethod.Post, "/sites", deep)).Expect(HttpStatusCode.BadRequest);
        string huge = $$"""{"name":"{{new string('a', 100_000)}}"}""";
        (await server.SendWithTokenAsync(session, HttpMethod.Post, "/sites", huge)).Expect(HttpStatusCode.RequestEntityTooLarge);
        // A network file may be larger than any other body.
        string file = (await server.GetAsync(ApiServer.Owner, "/network")).Text + $"# {new string('a', 1_000_000)}\n";
        (await server.SendWithTokenAsync(session, HttpMethod.Post, "/network/plan", file, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.OK);
        (await server.SendWithTokenAsync(null, HttpMethod.Post, "/network/plan", file, mediaType: NetworkRoutes.Yaml)).Expect(HttpStatusCode.Unauthorized);
        (await server.GetAsync(ApiServer.Owner, "/sites")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Threat", "30")]
    public async Task A_body_that_hardly_arrives_ends_its_connection_and_holds_up_nobody()
    {
        await using var server = await ApiServer.StartAsync();
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, server.Control.Address.Port);
        var stream = slow.GetStream();
        string head = $"POST {ApiServer.Acme}/sites HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.Sessions.Begin(ApiServer.Owner)}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        (await server.GetAsync(ApiServer.Owner, "/sites")).Expect(HttpStatusCode.OK);
        using var reader = new StreamReader(stream);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        Assert.Contains("408", await reader.ReadLineAsync(deadline.Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Threat", "28")]
    public async Task Whoever_was_revoked_while_the_body_was_on_its_way_changes_nothing(bool bySession)
    {
        await using var server = await ApiServer.StartAsync();
        string token = bySession ? server.Sessions.Begin(ApiServer.Owner) : await TestCaller.KeyAsync(server, ApiServer.Owner, "acme", "ci", ["sites:write"]);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Control.Address.Port);
        var stream = client.GetStream();
        const string Body = """{"name":"late"}""";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {ApiServer.Acme}/sites HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        using var reader = new StreamReader(stream);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        // The server asks for the body: the caller was let in.
        Assert.Contains("100", await reader.ReadLineAsync(deadline.Token), StringComparison.Ordinal);
        if (bySession)
            server.Sessions.End(token);
        else
            (await server.DeleteAsync(ApiServer.Owner, "/api-keys/ci")).Expect(HttpStatusCode.NoContent);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Body));
        await reader.ReadLineAsync(deadline.Token);
        Assert.Contains("401", await reader.ReadLineAsync(deadline.Token), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Network.Ledger.State.Sites, site => site.Name == "late");
    }

    [Theory]
    [InlineData("X-Keyhole", "1", true)]
    [InlineData("Origin", "HOST", true)]
    [InlineData("Sec-Fetch-Site", "same-origin", true)]
    [InlineData("X-Keyhole", "0", false)]
    [InlineData("Origin", "https://evil.example", false)]
    [InlineData("Origin", "null", false)]
    [InlineData("Sec-Fetch-Site", "cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-site", false)]
    [InlineData(null, null, false)]
    [Trait("Threat", "27")]
    public async Task A_cookie_speaks_only_for_requests_of_our_own_pages(string? header, string? value, bool allowed)
    {
        await using var server = await ApiServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Control.Address, $"{ApiServer.Acme}/sites"));
        request.Headers.Add("Cookie", $"{CallerReader.PlainCookie}={server.Sessions.Begin(ApiServer.Owner)}");
        if (header is not null)
            request.Headers.Add(header, value == "HOST" ? server.Control.Address.GetLeftPart(UriPartial.Authority) : value);
        request.Content = new StringContent("""{"name":"x"}""", Encoding.UTF8, "application/json");
        (await server.SendAsync(request)).Expect(allowed ? HttpStatusCode.Created : HttpStatusCode.Forbidden);
        using var reading = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Control.Address, $"{ApiServer.Acme}/sites"));
        reading.Headers.Add("Cookie", $"{CallerReader.PlainCookie}={server.Sessions.Begin(ApiServer.Owner)}");
        (await server.SendAsync(reading)).Expect(HttpStatusCode.OK);
        // The name for HTTPS is not taken over plain HTTP, where anybody on the way could have set it.
        using var secure = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Control.Address, $"{ApiServer.Acme}/sites"));
        secure.Headers.Add("Cookie", $"{CallerReader.SecureCookie}={server.Sessions.Begin(ApiServer.Owner)}");
        (await server.SendAsync(secure)).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_flood_of_wrong_tokens_is_refused_and_locks_nobody_out()
    {
        await using var server = await ApiServer.StartAsync();
        for (int i = 0; i < FailureLimiter.AllowedPerMinute; i++)
            (await server.SendWithTokenAsync(SessionToken.New(), HttpMethod.Get, "/sites")).Expect(HttpStatusCode.Unauthorized);
        (await server.SendWithTokenAsync(SessionToken.New(), HttpMethod.Get, "/sites")).Expect(HttpStatusCode.TooManyRequests);
        (await server.GetAsync(ApiServer.Owner, "/sites")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_is_not_there_is_said_in_the_same_form()
    {
        await using var server = await ApiServer.StartAsync();
        (await server.GetAsync(ApiServer.Owner, "/api/v1/nothing")).Expect(HttpStatusCode.NotFound);
        (await server.SendAsync(ApiServer.Owner, HttpMethod.Put, "/sites", "{}")).Expect(HttpStatusCode.MethodNotAllowed);
        (await server.GetAsync(ApiServer.Owner, "/sites/nothing")).Expect(HttpStatusCode.NotFound);
        using var basic = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Control.Address, $"{ApiServer.Acme}/sites"));
        basic.Headers.Add("Authorization", "Basic b2xnYTpvbGdh");
        (await server.SendAsync(basic)).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_audit_log_names_who_did_what_from_where()
    {
        await using var server = await ApiServer.StartAsync();
        for (int i = 0; i < 3; i++)
            (await server.PostAsync(ApiServer.Admin, "/sites", $$"""{"name":"s{{i}}"}""")).Expect(HttpStatusCode.Created);
        var first = (await server.GetAsync(ApiServer.Owner, "/audit?limit=2")).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(2, first.GetProperty("items").GetArrayLength());
        var newest = first.GetProperty("items")[0];
        Assert.Equal(($"user {ApiServer.Admin}", "127.0.0.1", "add", """{"name":"s2"}"""),
            (newest.GetProperty("actor").GetString(), newest.GetProperty("address").GetString(), newest.GetProperty("action").GetString(), newest.GetProperty("after").GetString()));
        var second = (await server.GetAsync(ApiServer.Owner, $"/audit?limit=2&after={first.GetProperty("next").GetString()}")).Json;
        Assert.Equal("""{"name":"s0"}""", second.GetProperty("items")[0].GetProperty("after").GetString());
        (await server.PatchAsync(ApiServer.Admin, "/machines/ci", """{"name":"build"}""")).Expect(HttpStatusCode.OK);
        (await server.DeleteAsync(ApiServer.Admin, "/machines/build")).Expect(HttpStatusCode.OK);
        var rows = (await server.GetAsync(ApiServer.Owner, "/audit?limit=2")).Json.GetProperty("items").EnumerateArray()
            .Select(row => (row.GetProperty("action").GetString(), row.GetProperty("before").GetString()![..14], row.GetProperty("after").GetString()?[..15])).ToList();
        Assert.Equal([("remove", """{"name":"build""", null), ("change", "{\"name\":\"ci\",\"", "{\"name\":\"build\"")], rows);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task A_route_that_declares_nothing_is_refused()
    {
        await using var server = await ApiServer.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        ApiPipeline.AddServices(builder.Services);
        await using var application = builder.Build();
        application.Urls.Add("http://127.0.0.1:0");
        ApiPipeline.Use(application, server.Control.Server.Networks, server.Sessions, new FailureLimiter(TimeProvider.System), TimeProvider.System);
        application.MapGet("/forgotten", () => "hello");
        application.MapGet("/full", IResult () => throw new StorageException("the disk of /var/lib/secret is full", full: true)).Anonymous();
        application.MapGet("/away", IResult () => throw new StorageException("db.internal refused")).Anonymous();
        await application.StartAsync();
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(new Uri(application.Urls.First()), "/forgotten"));
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);

        // What is wrong with the database is for the operator, not for whoever asks.
        foreach (var (path, status) in new[] { ("/full", HttpStatusCode.InsufficientStorage), ("/away", HttpStatusCode.ServiceUnavailable) })
        {
            using var fault = await http.GetAsync(new Uri(new Uri(application.Urls.First()), path));
            Assert.Equal(status, fault.StatusCode);
            Assert.DoesNotMatch("secret|internal", await fault.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task The_description_of_the_interface_is_valid_and_holds_every_route_with_what_it_needs()
    {
        await using var server = await ApiServer.StartAsync();
        using var http = new HttpClient();
        await using var stream = await http.GetStreamAsync(new Uri(server.Control.Address, "/openapi/v1.json"));
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        copy.Position = 0;
        var (document, diagnostic) = await OpenApiDocument.LoadAsync(copy, "json");
        Assert.Empty(diagnostic!.Errors.Select(error => error.ToString()));
        var routes = server.Control.Server.PublicServices.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal));
        foreach (var route in routes)
        {
            string path = route.RoutePattern.RawText!;
            string? shown = document!.Paths.Keys.FirstOrDefault(known => known.TrimEnd('/') == path.TrimEnd('/'));
            Assert.True(shown is not null, $"{path} is not described");
            foreach (string method in route.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods)
            {
                var operation = document.Paths[shown!].Operations![new HttpMethod(method)];
                var requirement = route.Metadata.GetMetadata<Requirement>()!;
                Assert.Equal(requirement.Kind != RequirementKind.Anonymous, operation.Security is { Count: > 0 });
                Assert.Contains(InterfaceDescription.RequirementExtension, operation.Extensions!.Keys);
                Assert.Equal(route.RoutePattern.Parameters.Select(parameter => parameter.Name).Order(), (operation.Parameters ?? []).Where(parameter => parameter.In == ParameterLocation.Path).Select(parameter => parameter.Name!).Order());
                if (method is "POST" or "PATCH" && route.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IAcceptsMetadata>() is not null)
                    Assert.NotEmpty(operation.RequestBody!.Content!);
            }
        }
    }
}
