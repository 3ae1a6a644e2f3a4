using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapper;

namespace Keyhole.Control.Tests;

/// <summary>The pages as a browser without scripts uses them.</summary>
public partial class LoginPageTests
{
    [Fact]
    [Trait("Promise", "O1")]
    public async Task The_first_account_is_made_and_used_with_forms_alone()
    {
        await using var server = await LoginServer.StartAsync();
        string token = (await File.ReadAllTextAsync(Path.Combine(server.Control.Directory, "setup-token"))).Trim();
        Assert.Contains("name=\"token\"", (await server.PageAsync("/setup")).Text, StringComparison.Ordinal);
        var differing = await server.FormAsync("/setup", ("token", token), ("email", LoginServer.Email), ("password", LoginFixture.Password), ("again", "something else"), ("organisation", "acme"));
        Assert.Contains("differ", differing.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(LoginFixture.Password, differing.Text, StringComparison.Ordinal);
        var made = await server.FormAsync("/setup", ("token", token), ("email", LoginServer.Email), ("password", LoginFixture.Password), ("again", LoginFixture.Password), ("organisation", "acme"));
        Assert.Equal((HttpStatusCode.SeeOther, "/account"), (made.Status, made.Location));
        Assert.Contains("You are a user of acme.", (await server.PageAsync("/account")).Text, StringComparison.Ordinal);
        Assert.Equal("/login", (await server.FormAsync("/account/logout")).Location);
        Assert.Equal("/login", (await server.PageAsync("/account")).Location);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(server, "wrong horse battery")).Status);
        Assert.Equal("/account", (await LogInAsync(server, LoginFixture.Password)).Location);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task The_second_factor_is_a_second_form()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var begun = await server.FormAsync("/account/totp", ("current", LoginFixture.Password));
        string shown = KeyOnPage().Match(begun.Text).Groups[1].Value;
        Assert.Contains("data:image/png;base64,", begun.Text, StringComparison.Ordinal);
        // What the page shows is the key: its code is the one that is taken.
        var account = server.Control.Server.Login.Accounts.Find(LoginServer.Email)!;
        byte[] key = server.Control.Server.Login.Factors.PendingKey(account)!;
        Assert.Equal(Base32.Encode(key), shown);
        long step = Totp.StepAt(DateTimeOffset.UtcNow);
        Assert.Equal(10, CodeOnPage().Count((await server.FormAsync("/account/totp-confirm", ("code", Totp.Code(key, step)))).Text));
        var browser = server.Another();
        var asked = await LogInAsync(browser, LoginFixture.Password);
        Assert.Null(browser.Session);
        string ticket = WebUtility.HtmlDecode(TicketOnPage().Match(asked.Text).Groups[1].Value);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FormAsync("/login/code", ("ticket", ticket), ("code", Totp.Code(key, step)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FormAsync("/login/code", ("ticket", "1:forged"), ("code", Totp.Code(key, step + 1)))).Status);
        Assert.Equal("/account", (await browser.FormAsync("/login/code", ("ticket", ticket), ("code", Totp.Code(key, step + 1)))).Location);
    }

    [Theory]
    [InlineData("//mallory.example")]
    [InlineData("https://mallory.example")]
    [InlineData("/\\mallory.example")]
    [InlineData("/device\\..\\..\\\\mallory.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/api/v1/logout")]
    [InlineData("/device?user_code=\u00e9")]
    [Trait("Threat", "27")]
    public async Task A_login_leads_on_to_pages_of_ours_only(string next)
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        var done = await browser.FormAsync("/login", ("email", LoginServer.Email), ("password", LoginFixture.Password), ("next", next));
        Assert.Equal("/account", done.Location);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task What_is_wrong_with_the_database_stands_in_the_log_and_on_no_page()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        server.Control.Server.Networks.Store.Database.Write((connection, transaction) =>
            connection.Execute("CREATE TRIGGER refuse BEFORE INSERT ON login_session BEGIN SELECT RAISE(ABORT, 'words of the database'); END", transaction: transaction));
        var shown = await LogInAsync(server.Another(), LoginFixture.Password);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, shown.Status);
        Assert.Contains("cannot reach what it stores", shown.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("words of the database", shown.Text, StringComparison.Ordinal);
        Assert.NotEmpty(await server.Control.Log.FindAsync("words of the database"));
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/setup")]
    [InlineData("/reset/x")]
    [InlineData("/api/v1/login/token")]
    [Trait("Threat", "28")]
    public async Task A_form_with_a_NUL_is_refused_before_anything_else_sees_it(string path)
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (status, text, _) = await server.Another().FormAsync(path, ("email", "a\0"), ("password", LoginFixture.Password), ("again", LoginFixture.Password), ("device_code", "a\0"));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("or a NUL", text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Pages_hold_no_script_of_their_own_load_nothing_foreign_and_encode_what_they_show()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var browser = server.Another();
        const string attack = "\"><script>alert(1)</script>";
        var echoed = await browser.FormAsync("/login", ("email", attack), ("password", "wrong horse battery"), ("next", attack));
        Assert.DoesNotContain("<script>alert", echoed.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", echoed.Text, StringComparison.Ordinal);
        foreach (string path in new[] { "/login", "/account", "/device", "/reset/unknown", "/invite/unknown", "/login/oidc/unknown" })
        {
            using var response = await server.SendAsync(HttpMethod.Get, path, null);
            string policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Contains("no-store", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            string text = await response.Content.ReadAsStringAsync();
            Assert.DoesNotMatch("<script(?! src=\"/login/passkeys.js\")|<style|\\son[a-z]+=|style=|https?://", text);
        }
    }

    [Fact]
    [Trait("Threat", "27")]
    public async Task Codes_of_machines_are_not_guessed_by_sending_the_form()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var statuses = new List<HttpStatusCode>();
        for (int i = 0; i < 10 * LoginLimiter.FreePerAddress && !statuses.Contains(HttpStatusCode.TooManyRequests); i++)
            statuses.Add((await server.FormAsync("/device", ("user_code", "BBBB-BBBB"), ("decision", "approve"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, statuses[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, statuses[^1]);
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/setup")]
    [InlineData("/api/v1/login/device")]
    [InlineData("/api/v1/login/token")]
    public async Task A_form_with_more_values_than_any_of_ours_is_refused(string path)
    {
        await using var server = await LoginServer.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await server.FormAsync(path, [.. Enumerable.Range(0, 1100).Select(i => ($"v{i}", "1"))])).Status);
    }

    [Fact]
    [Trait("Promise", "A4")]
    public async Task A_machine_is_let_in_by_its_code_and_the_page_says_which_machine_it_is()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (device, userCode) = await BeginAsync(server, "laptop <b>of</b> ann");
        Assert.Equal("authorization_pending", (await PollAsync(server, device)).Body!["error"]!.GetValue<string>());
        var stranger = server.Another();
        Assert.StartsWith("/login?next=", (await stranger.PageAsync($"/device?user_code={userCode}")).Location, StringComparison.Ordinal);
        Assert.Equal("/login?next=%2Fdevice", (await stranger.FormAsync("/device", ("user_code", userCode), ("decision", "approve"))).Location);
        Assert.Equal(HttpStatusCode.NotFound, (await server.PageAsync("/device?user_code=BBBB-BBBB")).Status);
        var page = await server.PageAsync($"/device?user_code={userCode}");
        Assert.Contains("laptop &lt;b&gt;of&lt;/b&gt; ann", page.Text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.FormAsync("/device", ("user_code", userCode), ("decision", "approve"))).Status);
        await Task.Delay(DeviceCodes.Interval + TimeSpan.FromMilliseconds(100));
        var (status, token) = await PollAsync(server, device);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("Bearer", token!["token_type"]!.GetValue<string>());
        using var http = new HttpClient { BaseAddress = server.Control.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token["access_token"]!.GetValue<string>());
        Assert.Contains(LoginServer.Email, await http.GetStringAsync("/api/v1/account"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_is_turned_away_learns_so()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (device, userCode) = await BeginAsync(server, "laptop");
        await server.FormAsync("/device", ("user_code", userCode), ("decision", "deny"));
        Assert.Equal("access_denied", (await PollAsync(server, device)).Body!["error"]!.GetValue<string>());
    }

    [Fact]
    [Trait("Promise", "O12")]
    public async Task The_operators_link_sets_a_password_by_a_form()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var login = server.Control.Server.Login;
        string token = login.Resets.Make(login.Accounts.Find(LoginServer.Email)!, Actor.Operator);
        var browser = server.Another();
        Assert.Equal(HttpStatusCode.OK, (await browser.PageAsync($"/reset/{token}")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await browser.FormAsync($"/reset/{token}", ("password", LoginServer.Email + "2026"), ("again", LoginServer.Email + "2026"))).Status);
        Assert.Equal("/login", (await browser.FormAsync($"/reset/{token}", ("password", "another horse battery"), ("again", "another horse battery"))).Location);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.PageAsync($"/reset/{token}")).Status);
        Assert.Equal("/account", (await LogInAsync(browser, "another horse battery")).Location);
        Assert.Equal("/login", (await server.PageAsync("/account")).Location);
    }

    [Fact]
    public async Task Who_is_invited_makes_an_account_with_the_link_once()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (status, made) = await server.PostAsync("/api/v1/orgs/acme/invitations", new JsonObject { ["email"] = "bob@acme.example" });
        Assert.Equal(HttpStatusCode.Created, status);
        string path = new Uri(made!["link"]!.GetValue<string>()).AbsolutePath;
        var browser = server.Another();
        Assert.Contains("bob@acme.example is invited", (await browser.PageAsync(path)).Text, StringComparison.Ordinal);
        var joined = await browser.FormAsync(path, ("password", LoginFixture.Password), ("again", LoginFixture.Password));
        Assert.Equal("/account", joined.Location);
        Assert.Contains("You are a user of acme.", (await browser.PageAsync("/account")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Another().PageAsync(path)).Status);
    }

    [Fact]
    [Trait("Threat", "28")]
    public async Task Whoever_makes_an_invitation_gets_by_its_link_nothing_that_another_organisation_or_an_owner_gave()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        await server.Control.ApplyAsync("version: 1\norg: other\nusers: [{ email: bob@acme.example, roles: [owner] }]\n");
        var bob = await JoinAsync(server, server, "bob@acme.example", "admin");
        Assert.Contains("You are a user of acme.", (await bob.PageAsync("/account")).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.PageAsync("/api/v1/orgs/other")).Status);
        Assert.Equal(HttpStatusCode.OK, (await bob.PageAsync("/api/v1/orgs/acme")).Status);

        // Who is disabled now may be enabled later.
        foreach (bool disabled in new[] { false, true })
        {
            string boss = disabled ? "former.boss@acme.example" : "boss@acme.example";
            Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/api/v1/orgs/acme/users", new JsonObject { ["email"] = boss, ["roles"] = new JsonArray("owner"), ["disabled"] = disabled })).Status);
            var (_, made) = await bob.PostAsync("/api/v1/orgs/acme/invitations", new JsonObject { ["email"] = boss });
            string path = new Uri(made!["link"]!.GetValue<string>()).AbsolutePath;
            var refused = await server.Another().FormAsync(path, ("password", LoginFixture.Password), ("again", LoginFixture.Password));
            Assert.Null(refused.Location);
            Assert.Contains("of whom this invitation may not decide", refused.Text, StringComparison.Ordinal);
            Assert.NotEqual(HttpStatusCode.OK, (await server.Another().LogInAsync(LoginFixture.Password, email: boss)).Status);
        }
    }

    /// <summary>The browser of somebody who was invited and has made an account.</summary>
    private static async Task<LoginServer> JoinAsync(LoginServer server, LoginServer inviting, string email, string role)
    {
        var (_, made) = await inviting.PostAsync("/api/v1/orgs/acme/invitations", new JsonObject { ["email"] = email, ["roles"] = new JsonArray(role) });
        string path = new Uri(made!["link"]!.GetValue<string>()).AbsolutePath;
        var browser = server.Another();
        Assert.Equal("/account", (await browser.FormAsync(path, ("password", LoginFixture.Password), ("again", LoginFixture.Password))).Location);
        return browser;
    }

    private static Task<(HttpStatusCode Status, string Text, string? Location)> LogInAsync(LoginServer browser, string password) =>
        browser.FormAsync("/login", ("email", LoginServer.Email), ("password", password));

    private static async Task<(string Device, string UserCode)> BeginAsync(LoginServer server, string name)
    {
        var grant = JsonNode.Parse((await server.FormAsync("/api/v1/login/device", ("client_id", "keyhole"), ("device_name", name))).Text)!;
        return (grant["device_code"]!.GetValue<string>(), grant["user_code"]!.GetValue<string>());
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> PollAsync(LoginServer server, string device)
    {
        var (status, text, _) = await server.FormAsync("/api/v1/login/token", ("grant_type", DeviceCodeRoutes.GrantType), ("device_code", device));
        return (status, JsonNode.Parse(text));
    }

    [GeneratedRegex("Key: <code>([A-Z2-7]+)</code>")]
    private static partial Regex KeyOnPage();

    [GeneratedRegex("<li>([a-z2-9]{4}-){3}[a-z2-9]{4}</li>")]
    private static partial Regex CodeOnPage();

    [GeneratedRegex("name=\"ticket\" value=\"([^\"]+)\"")]
    private static partial Regex TicketOnPage();
}
