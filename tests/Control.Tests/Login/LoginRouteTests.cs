using System.Net;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

public class LoginRouteTests
{
    [Fact]
    [Trait("Promise", "B10")]
    public async Task Who_sits_at_a_device_that_is_blocked_reads_that_it_is()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var laptop = server.Another();
        Assert.Equal(HttpStatusCode.OK, (await laptop.LogInAsync(LoginFixture.Password)).Status);
        Assert.Equal(HttpStatusCode.Created, (await laptop.PostAsync("/api/v1/orgs/acme/devices", new JsonObject { ["name"] = "laptop", ["publicKey"] = TestAgent.NewPublicKey() })).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/v1/orgs/acme/devices/laptop/block", new JsonObject())).Status);
        var (status, body) = await laptop.GetAsync("/api/v1/account");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.StartsWith("The device laptop is blocked, and its login ended with that: ask an administrator", (string?)body!["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/v1/account")).Status);
    }

    [Fact]
    public async Task A_user_writes_its_own_name_and_not_its_address()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        async Task<(HttpStatusCode Status, JsonNode Body)> PatchAsync(string json)
        {
            using var response = await server.SendAsync(HttpMethod.Patch, "/api/v1/account", new StringContent(json, System.Text.Encoding.UTF8, "application/json"));
            return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
        }

        Assert.Equal("Ann Smith", (await PatchAsync("""{"displayName":" Ann Smith "}""")).Body["displayName"]!.GetValue<string>());
        Assert.Equal("Ann Smith", server.Control.Ledger.State.FindUser(LoginServer.Email)!.DisplayName);
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync("{}")).Status);
        Assert.Equal("Ann Smith", (await server.GetAsync("/api/v1/account")).Body!["displayName"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PatchAsync("""{"displayName":"a\u202eb"}""")).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PatchAsync("""{"email":"boss@acme.example"}""")).Status);
        Assert.Null((await PatchAsync("""{"displayName":null}""")).Body["displayName"]);
        Assert.Null(server.Control.Ledger.State.FindUser(LoginServer.Email)!.DisplayName);
    }

    [Fact]
    [Trait("Promise", "O1")]
    public async Task A_new_server_has_no_account_and_one_way_to_make_it()
    {
        await using var server = await LoginServer.StartAsync();
        Assert.Equal("/setup", new Uri((await server.Control.Log.FindAsync("No account exists yet")).Split("open ")[1].Split(' ')[0]).AbsolutePath);
        Assert.DoesNotContain(server.Control.Log.Lines, line => line.Contains(File.ReadAllText(Path.Combine(server.Control.Directory, "setup-token")).Trim(), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.LogInAsync("admin", email: "admin@acme.example")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await SetUpAsync(server, "a guess")).Status);
        await server.SetUpAsync();
        var (status, account) = await server.GetAsync("/api/v1/account");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("""["acme"]""", account!["organisations"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/v1/orgs/acme/users")).Status);
        Assert.False(File.Exists(Path.Combine(server.Control.Directory, "setup-token")));
        Assert.Equal("/login", (await server.Another().PageAsync("/setup")).Location);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_login_is_a_cookie_that_no_script_reads_and_a_logout_ends_it()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/account")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.LogInAsync("wrong horse battery")).Status);
        Assert.Null(browser.Session);
        using (var response = await browser.SendAsync(HttpMethod.Post, "/api/v1/login", new StringContent($$"""{"email":"{{LoginServer.Email}}","password":"{{LoginFixture.Password}}"}""", null, "application/json")))
        {
            string cookie = response.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("keyhole=", StringComparison.Ordinal));
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("khs_", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Contains("no-store", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/account")).Status);
        string token = browser.Session!;
        Assert.Equal(HttpStatusCode.NoContent, (await browser.PostAsync("/api/v1/logout", new JsonObject())).Status);
        Assert.Null(browser.Session);
        browser.Cookies.Add(server.Control.Address, new Cookie("keyhole", token));
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/account")).Status);
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task A_login_never_takes_up_a_token_that_was_there_before()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        string first = server.Session!;
        var victim = server.Another();
        string planted = SessionToken.New();
        victim.Cookies.Add(server.Control.Address, new Cookie("keyhole", planted));
        await victim.LogInAsync(LoginFixture.Password);
        Assert.NotEqual(planted, victim.Session);
        // The same browser again: another token, and the one before is over.
        await server.LogInAsync(LoginFixture.Password);
        Assert.NotEqual(first, server.Session);
        var old = server.Another();
        old.Cookies.Add(server.Control.Address, new Cookie("keyhole", first));
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.GetAsync("/api/v1/account")).Status);
    }

    [Theory]
    [InlineData("https://mallory.example")]
    [InlineData("null")]
    [Trait("Threat", "27")]
    public async Task What_another_site_makes_a_browser_send_is_refused(string origin)
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        foreach (string path in new[] { "/api/v1/logout", "/account/logout", "/account/password", "/device", "/login", "/api/v1/login" })
        {
            HttpContent content = path.StartsWith("/api", StringComparison.Ordinal) ? new StringContent("{}", null, "application/json") : new FormUrlEncodedContent([new("decision", "approve")]);
            using var response = await server.SendAsync(HttpMethod.Post, path, content, origin);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/v1/account")).Status);
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Known_and_unknown_accounts_get_the_same_answer()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        var answers = new List<string>();
        foreach (string email in new[] { LoginServer.Email, "nobody@acme.example" })
        {
            using var response = await browser.SendAsync(HttpMethod.Post, "/api/v1/login", new StringContent($$"""{"email":"{{email}}","password":"wrong horse battery"}""", null, "application/json"));
            string headers = string.Join("\n", response.Headers.Where(header => header.Key is not "Date").Select(header => $"{header.Key}: {string.Join(",", header.Value)}"));
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();
            body.Remove("traceId");
            answers.Add($"{response.StatusCode}\n{headers}\n{body.ToJsonString()}");
        }

        Assert.Equal(answers[0], answers[1]);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task One_time_codes_are_turned_on_with_the_password_and_asked_for_from_then_on()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/account/totp", new JsonObject { ["password"] = "wrong horse battery" })).Status);
        var (_, begun) = await server.PostAsync("/api/v1/account/totp", new JsonObject { ["password"] = LoginFixture.Password });
        byte[] key = Decode((string)begun!["secret"]!);
        var browser = server.Another();
        // Not before a code was shown.
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password)).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/account/totp/confirm", new JsonObject { ["code"] = "abc" })).Status);
        long step = Totp.StepAt(DateTimeOffset.UtcNow);
        var (status, confirmed) = await server.PostAsync("/api/v1/account/totp/confirm", new JsonObject { ["code"] = Totp.Code(key, step) });
        Assert.Equal(HttpStatusCode.OK, status);
        var codes = confirmed!["recoveryCodes"]!.AsArray();
        Assert.Equal(10, codes.Count);
        var (refused, problem) = await browser.LogInAsync(LoginFixture.Password);
        Assert.Equal(HttpStatusCode.Unauthorized, refused);
        Assert.NotNull(problem!["errors"]!["code"]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.LogInAsync(LoginFixture.Password, Totp.Code(key, step))).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password, (string)codes[0]!)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password, Totp.Code(key, step + 1))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await server.PostAsync("/api/v1/account/totp/remove", new JsonObject { ["password"] = LoginFixture.Password })).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password)).Status);
    }

    [Fact]
    public async Task A_new_password_ends_the_other_sessions()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        await browser.LogInAsync(LoginFixture.Password);
        Assert.Equal(2, (await server.GetAsync("/api/v1/sessions")).Body!["items"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/account/password", new JsonObject { ["current"] = LoginFixture.Password, ["new"] = "short" })).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.PostAsync("/api/v1/account/password", new JsonObject { ["current"] = "wrong horse battery", ["new"] = "another horse battery" })).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await server.PostAsync("/api/v1/account/password", new JsonObject { ["current"] = LoginFixture.Password, ["new"] = "another horse battery" })).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/account")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/api/v1/account")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync("another horse battery")).Status);
    }

    [Fact]
    public async Task Sessions_are_listed_without_tokens_and_ended_one_by_one()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        await browser.LogInAsync(LoginFixture.Password);
        var (_, list) = await server.GetAsync("/api/v1/sessions");
        Assert.DoesNotContain("khs_", list!.ToJsonString(), StringComparison.Ordinal);
        long other = list["items"]!.AsArray().Single(item => !(bool)item!["current"]!)!["id"]!.GetValue<long>();
        using (var ended = await server.SendAsync(HttpMethod.Delete, $"/api/v1/sessions/{other}", null))
            Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/account")).Status);
        using var again = await server.SendAsync(HttpMethod.Delete, $"/api/v1/sessions/{other}", null);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
    }

    private static Task<(HttpStatusCode Status, JsonNode? Body)> SetUpAsync(LoginServer server, string token) =>
        server.PostAsync("/api/v1/setup", new JsonObject { ["token"] = token, ["email"] = LoginServer.Email, ["password"] = LoginFixture.Password });

    private static byte[] Decode(string text)
    {
        int bits = 0, count = 0;
        var bytes = new List<byte>();
        foreach (char letter in text)
        {
            bits = (bits << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(letter, StringComparison.Ordinal);
            count += 5;
            if (count >= 8)
                bytes.Add((byte)(bits >> (count -= 8)));
            bits &= (1 << count) - 1;
        }

        return [.. bytes];
    }
}
