using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>Configurations over HTTP: secrets, so kept by nobody and given to few.</summary>
public class ExternalClientRouteTests
{
    private static async Task<(ApiServer Server, TestAgent Relay)> StartAsync()
    {
        var server = await ApiServer.StartAsync();
        var relay = await server.Control.AgentAsync(AgentKind.Relay, "vps");
        await relay.AckAsync();
        return (server, relay);
    }

    [Fact]
    [Trait("Promise", "C4"), Trait("Threat", "29")]
    public async Task The_private_key_is_shown_once_as_text_and_code_and_nobody_may_keep_the_answer()
    {
        var (server, relay) = await StartAsync();
        await using var _ = server;
        using var __ = relay;
        (await server.GetAsync(ApiServer.Admin, "/external-clients/phone/config")).Expect(HttpStatusCode.Conflict);
        var made = (await server.PostAsync(ApiServer.Admin, "/external-clients/phone/config")).Expect(HttpStatusCode.OK).Json;
        string config = made.GetProperty("config").GetString()!;
        Assert.Contains("\nPrivateKey = ", config, StringComparison.Ordinal);
        Assert.True(made.GetProperty("hasPrivateKey").GetBoolean());
        Assert.Equal("phone.conf", made.GetProperty("fileName").GetString());
        Assert.Equal(QrCode.Png(config), made.GetProperty("qr").GetProperty("png").GetBytesFromBase64());
        Assert.Equal(QrCode.Svg(config), made.GetProperty("qr").GetProperty("svg").GetString());

        // Again: without the key, and without a code.
        made = (await server.PostAsync(ApiServer.Admin, "/external-clients/phone/config")).Expect(HttpStatusCode.OK).Json;
        Assert.False(made.GetProperty("hasPrivateKey").GetBoolean());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, made.GetProperty("qr").ValueKind);
        (await server.PostAsync(ApiServer.Admin, "/external-clients/phone/qr.png")).Expect(HttpStatusCode.Conflict);

        using var file = await AskAsync(server, HttpMethod.Get, "/external-clients/phone/config");
        string text = await file.Content.ReadAsStringAsync();
        Assert.Contains("# PrivateKey was shown once", text, StringComparison.Ordinal);
        Assert.Equal(("attachment", "phone.conf", "text/plain"), (file.Content.Headers.ContentDisposition!.DispositionType, file.Content.Headers.ContentDisposition.FileName, file.Content.Headers.ContentType!.MediaType));
        AssertNotKept(file);
        foreach (var (route, type) in new[] { ("qr.png", "image/png"), ("qr.svg", "image/svg+xml") })
        {
            using var image = await AskAsync(server, HttpMethod.Post, $"/external-clients/phone/{route}", """{"newKey":true}""");
            Assert.Equal((HttpStatusCode.OK, type, $"phone.{route[3..]}"), (image.StatusCode, image.Content.Headers.ContentType!.MediaType, image.Content.Headers.ContentDisposition!.FileName));
            AssertNotKept(image);
        }

        // Nothing that only tells of the client holds a secret of it.
        string psk = text.Split('\n').Single(line => line.StartsWith("PresharedKey", StringComparison.Ordinal)).Split(" = ")[1];
        foreach (string path in new[] { "/external-clients", "/external-clients/phone", "/external-clients/phone/session", "/audit", "/network" })
        {
            string answer = (await server.GetAsync(ApiServer.Owner, path)).Expect(HttpStatusCode.OK).Text;
            Assert.DoesNotContain(psk, answer, StringComparison.Ordinal);
            Assert.DoesNotContain("privateKey", answer, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    [Trait("Promise", "C2"), Trait("Promise", "C1")]
    public async Task Name_addresses_and_keys_are_chosen_where_they_are_left_blank()
    {
        var (server, relay) = await StartAsync();
        await using var _ = server;
        using var __ = relay;
        var made = (await server.PostAsync(ApiServer.Admin, "/external-clients")).Expect(HttpStatusCode.Created);
        Assert.Equal("/api/v1/orgs/acme/external-clients/client-1", made.Location!.ToString());
        Assert.Equal(2, made.Json.GetProperty("item").GetProperty("addresses").GetArrayLength());
        (await server.PostAsync(ApiServer.Admin, "/external-clients", """{"name":"client-2"}""")).Expect(HttpStatusCode.Created);
        Assert.EndsWith("/client-3", (await server.PostAsync(ApiServer.Admin, "/external-clients", """{"name":null}""")).Expect(HttpStatusCode.Created).Location!.ToString(), StringComparison.Ordinal);
        (await server.PatchAsync(ApiServer.Admin, "/external-clients/client-1", """{"name":null}""")).Expect(HttpStatusCode.UnprocessableEntity);
        Assert.Contains("PrivateKey = ", (await server.PostAsync(ApiServer.Admin, "/external-clients/client-1/config")).Expect(HttpStatusCode.OK).Text, StringComparison.Ordinal);

        // Without a gateway there is nothing to enter by, and the answer says so.
        (await server.PatchAsync(ApiServer.Owner, "/relays/vps", """{"gateway":false}""")).Expect(HttpStatusCode.OK);
        string refused = (await server.PostAsync(ApiServer.Admin, "/external-clients/client-2/config")).Expect(HttpStatusCode.Conflict).Text;
        Assert.Contains("stock WireGuard apps enter through a gateway", refused, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "C11"), Trait("Threat", "28")]
    public async Task Who_may_not_change_a_client_sees_no_configuration_and_switches_nothing()
    {
        var (server, relay) = await StartAsync();
        await using var _ = server;
        using var __ = relay;
        foreach (string? who in new[] { null, ApiServer.Member })
        {
            var refused = who is null ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden;
            (await server.GetAsync(who, "/external-clients/phone/config")).Expect(refused);
            (await server.GetAsync(who, "/external-clients/phone/session")).Expect(refused);
            foreach (string route in new[] { "config", "qr.png", "qr.svg", "enable", "disable" })
                (await server.PostAsync(who, $"/external-clients/phone/{route}")).Expect(refused);
        }

        Assert.Equal("none", server.Network.Clients.Show("phone").KeySource);
        (await server.PostAsync(ApiServer.Admin, "/external-clients/nobody/disable")).Expect(HttpStatusCode.NotFound);
        var disabled = (await server.PostAsync(ApiServer.Admin, "/external-clients/phone/disable")).Expect(HttpStatusCode.OK).Json;
        Assert.False(disabled.GetProperty("item").GetProperty("enabled").GetBoolean());
        Assert.False(server.Network.Clients.Show("phone").Enabled);
        (await server.PostAsync(ApiServer.Admin, "/external-clients/phone/enable")).Expect(HttpStatusCode.OK);
        Assert.True((await server.GetAsync(ApiServer.Admin, "/external-clients/phone/session")).Expect(HttpStatusCode.OK).Json.GetProperty("enabled").GetBoolean());
    }

    [Theory]
    [InlineData("phone", "phone.conf")]
    [InlineData("a.b-c_D9", "a.b-c_D9.conf")]
    [InlineData("a-name-of-more-than-fifteen-letters", "a-name-of-more-.conf")]
    public void A_file_is_named_after_the_client_as_wg_quick_can_read_it(string client, string file) => Assert.Equal(file, ExternalClientRoutes.FileNameOf(client, "conf"));

    private static void AssertNotKept(HttpResponseMessage response)
    {
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
    }

    private static async Task<HttpResponseMessage> AskAsync(ApiServer server, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(server.Control.Address, ApiServer.Acme + path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", server.Sessions.Begin(ApiServer.Admin));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await server.Http.SendAsync(request);
    }
}
