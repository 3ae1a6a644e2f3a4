using System.Net;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

public class PasskeyTests
{
    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_passkey_is_added_with_the_password_and_logs_in_without_it()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var authenticator = new TestAuthenticator(Origin(server));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/account/passkeys/options", new JsonObject { ["password"] = "wrong horse battery" })).Status);
        Assert.Equal(HttpStatusCode.OK, await RegisterAsync(server, authenticator));
        var browser = server.Another();
        Assert.Equal(HttpStatusCode.OK, await LogInAsync(browser, authenticator));
        var (_, account) = await browser.GetAsync("/api/v1/account");
        Assert.Equal("laptop", account!["passkeys"]![0]!["name"]!.GetValue<string>());
        string id = account["passkeys"]![0]!["id"]!.GetValue<string>();
        using (var removed = await browser.SendAsync(HttpMethod.Delete, $"/api/v1/account/passkeys/{id}", null))
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(server.Another(), authenticator));
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Junk_uses_up_no_ceremony_and_has_to_wait_before_long_and_passwords_do_not()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var authenticator = new TestAuthenticator(Origin(server));
        Assert.Equal(HttpStatusCode.OK, await RegisterAsync(server, authenticator));
        var browser = server.Another();
        var (_, begun) = await browser.PostAsync("/api/v1/login/passkey/options", new JsonObject());
        string ticket = begun!["ticket"]!.GetValue<string>();
        var answer = authenticator.Get(begun["options"]!);
        var junk = (JsonObject)answer.DeepClone();
        junk["response"]!["signature"] = "AAAA";
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/api/v1/login/passkey", Body(ticket, junk))).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("/api/v1/login/passkey", Body(ticket, answer))).Status);
        bool answersWait = false, optionsWait = false;
        for (int i = 0; i < 10 * LoginLimiter.FreeCeremoniesPerAddress && !(answersWait && optionsWait); i++)
        {
            answersWait |= (await browser.PostAsync("/api/v1/login/passkey", Body(ticket, junk))).Status == HttpStatusCode.TooManyRequests;
            optionsWait |= (await browser.PostAsync("/api/v1/login/passkey/options", new JsonObject())).Status == HttpStatusCode.TooManyRequests;
        }

        Assert.True(answersWait && optionsWait);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password)).Status);
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Answers_of_other_sites_other_keys_and_other_ceremonies_are_refused()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var authenticator = new TestAuthenticator(Origin(server));
        Assert.Equal(HttpStatusCode.OK, await RegisterAsync(server, authenticator));
        var browser = server.Another();
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(browser, authenticator, "https://mallory.example"));
        authenticator.Verifies = false;
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(browser, authenticator));
        authenticator.Verifies = true;

        // A copy of the passkey, whose counter stays behind.
        Assert.Equal(HttpStatusCode.OK, await LogInAsync(browser, authenticator));
        authenticator.Counter -= 2;
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(server.Another(), authenticator));
        authenticator.Counter += 10;

        // The same answer twice; an answer with the ticket of another ceremony.
        var (_, begun) = await browser.PostAsync("/api/v1/login/passkey/options", new JsonObject());
        var answer = authenticator.Get(begun!["options"]!);
        string ticket = begun["ticket"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsync("/api/v1/login/passkey", Body(ticket, answer))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/api/v1/login/passkey", Body(ticket, answer))).Status);
        var (_, other) = await browser.PostAsync("/api/v1/login/passkey/options", new JsonObject());
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/api/v1/login/passkey", Body(other!["ticket"]!.GetValue<string>(), answer))).Status);

        // Another authenticator under the same identifier knows another key.
        using var stranger = new TestAuthenticator(Origin(server)) { UserHandle = authenticator.UserHandle };
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(server.Another(), stranger));
    }

    private static string Origin(LoginServer server) => server.Control.Address.GetLeftPart(UriPartial.Authority);

    private static async Task<HttpStatusCode> RegisterAsync(LoginServer server, TestAuthenticator authenticator)
    {
        var (_, begun) = await server.PostAsync("/api/v1/account/passkeys/options", new JsonObject { ["password"] = LoginFixture.Password });
        var body = Body(begun!["ticket"]!.GetValue<string>(), authenticator.Create(begun["options"]!));
        body["name"] = "laptop";
        return (await server.PostAsync("/api/v1/account/passkeys", body)).Status;
    }

    private static async Task<HttpStatusCode> LogInAsync(LoginServer browser, TestAuthenticator authenticator, string? from = null)
    {
        var (_, begun) = await browser.PostAsync("/api/v1/login/passkey/options", new JsonObject());
        return (await browser.PostAsync("/api/v1/login/passkey", Body(begun!["ticket"]!.GetValue<string>(), authenticator.Get(begun["options"]!, from)))).Status;
    }

    private static JsonObject Body(string ticket, JsonObject credential) => new() { ["ticket"] = ticket, ["credential"] = credential.DeepClone() };
}
