using System.Net;
using System.Text.RegularExpressions;

namespace Keyhole.Control.Tests;

/// <summary>The whole way of a browser: to a real provider, through its forms, and back.</summary>
public sealed partial class OpenIdLoginTests
{
    [OpenIdFact]
    [Trait("Promise", "A4")]
    public async Task Who_logs_in_at_the_provider_becomes_a_user_with_the_roles_of_their_groups()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var provider = await SetProviderAsync(server, createsUsers: true);
        var browser = server.Another();
        var callback = await GoAsync(browser, "bob");
        var done = await browser.PageAsync(callback);
        Assert.Equal(HttpStatusCode.OK, done.Status);
        Assert.Contains("You are a user of acme.", (await browser.PageAsync("/account")).Text, StringComparison.Ordinal);
        var state = server.Control.Server.Networks.Find("acme")!.Ledger.State;
        var user = OrganisationUsers.Find(state, "bob@acme.example")!;
        Assert.Equal([FixedRoles.Admin, FixedRoles.Member], state.Roles.Where(role => user.Roles.Contains(role.Id)).Select(role => role.Name).Order());

        // The answer is good once, and for the browser that asked.
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.PageAsync(callback)).Status);
        string again = await GoAsync(browser, "bob");
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Another().PageAsync(again)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.PageAsync(again)).Status);
        Assert.Single(server.Control.Server.Login.Accounts.All(), account => account.Email == "bob@acme.example");
    }

    [OpenIdFact]
    [Trait("Threat", "27")]
    public async Task Answers_with_another_state_code_issuer_or_provider_are_refused()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var provider = await SetProviderAsync(server, createsUsers: true);
        var login = server.Control.Server.Login;
        login.Providers.Set(login.Providers.Find("real")! with { Name = "other" }, LoginFixture.Tester);
        foreach (var change in new Func<string, string>[]
        {
            path => Regex.Replace(path, "state=[^&]+", $"state={SessionToken.Plain()}"),
            path => Regex.Replace(path, "&?state=[^&]+", ""),
            path => Regex.Replace(path, "code=[^&]+", $"code={SessionToken.Plain()}"),
            path => Regex.Replace(path, "iss=[^&]+", $"iss={Uri.EscapeDataString("https://mallory.example")}"),
            path => Regex.Replace(path, "&?iss=[^&]+", ""),
            path => path.Replace("/oidc/real/", "/oidc/other/", StringComparison.Ordinal),
        })
        {
            var browser = server.Another();
            string path = await GoAsync(browser, "bob");
            Assert.NotEqual(path, change(path));
            Assert.Contains((await browser.PageAsync(change(path))).Status, new[] { HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized });
            Assert.Null(browser.Session);
        }

        Assert.Single(login.Accounts.All());
    }

    [OpenIdFact]
    [Trait("Threat", "27")]
    public async Task A_provider_speaks_for_the_users_of_its_organisation_only()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var provider = await SetProviderAsync(server, createsUsers: false);
        var login = server.Control.Server.Login;
        // Nobody knows bob; the address of "unverified" is not verified; ann administers the server; eve's account is another organisation's.
        var acme = server.Control.Server.Networks.Find("acme")!;
        var umbrella = server.Control.Server.Networks.Create("umbrella", LoginFixture.Tester);
        foreach (var (network, email) in new[] { (acme, "unverified@acme.example"), (umbrella, "eve@acme.example"), (acme, "eve@acme.example") })
            network.Ledger.Change(state => OrganisationUsers.Add(state, email, [FixedRoles.Member]), (_, _) => new AuditEntry(LoginFixture.Tester, "add-user", email));
        login.Database.Write((connection, transaction) => login.Accounts.Create(connection, transaction, "eve@acme.example", null, isServerAdmin: false, umbrella.Id));
        foreach (string name in new[] { "bob", "unverified", "ann", "eve" })
        {
            var browser = server.Another();
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PageAsync(await GoAsync(browser, name))).Status);
            Assert.Null(browser.Session);
        }

        Assert.Equal(["ann@acme.example", "eve@acme.example"], login.Accounts.All().Select(account => account.Email));
        // One whom the organisation names logs in, and a group that is left takes its role along.
        acme.Ledger.Change(state => OrganisationUsers.Add(state, "guest@acme.example", [FixedRoles.Member, FixedRoles.Admin]), (_, _) => new AuditEntry(LoginFixture.Tester, "add-user", "guest"));
        var guest = server.Another();
        Assert.Equal(HttpStatusCode.OK, (await guest.PageAsync(await GoAsync(guest, "guest"))).Status);
        var user = OrganisationUsers.Find(acme.Ledger.State, "guest@acme.example")!;
        Assert.Equal(FixedRoles.Member, Assert.Single(acme.Ledger.State.Roles, role => user.Roles.Contains(role.Id)).Name);
    }

    private static async Task<RealProvider> SetProviderAsync(LoginServer server, bool createsUsers)
    {
        var provider = await RealProvider.StartAsync(new Uri(server.Control.Address, "/login/oidc/real/callback"));
        server.Control.Server.Login.Providers.Set(
            new OpenIdProvider("real", new Uri(provider.Issuer.OriginalString), RealProvider.ClientId, RealProvider.ClientSecret, server.Control.Server.Networks.Find("acme")!.Id, "groups",
                new Dictionary<string, string> { ["vpn"] = FixedRoles.Admin }, createsUsers), LoginFixture.Tester);
        return provider;
    }

    /// <summary>Logs in at the provider and comes back as far as the callback, which is not opened yet.</summary>
    private static async Task<string> GoAsync(LoginServer browser, string name)
    {
        var (status, _, location) = await browser.PageAsync("/login/oidc/real");
        Assert.Equal(HttpStatusCode.Found, status);
        for (int step = 0; step < 12; step++)
        {
            var to = new Uri(location!);
            if (to.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal))
                return to.PathAndQuery;
            using var response = await browser.SendAsync(HttpMethod.Get, to.AbsoluteUri, null);
            if (response.Headers.Location is { } next)
            {
                location = new Uri(to, next).AbsoluteUri;
                continue;
            }

            string page = await response.Content.ReadAsStringAsync();
            string action = Form().Match(page).Groups[1].Value, prompt = Prompt().Match(page).Groups[1].Value;
            var fields = new Dictionary<string, string> { ["prompt"] = prompt };
            if (prompt == "login")
                (fields["login"], fields["password"]) = (name, "any");
            using var sent = await browser.SendAsync(HttpMethod.Post, new Uri(to, action).AbsoluteUri, new FormUrlEncodedContent(fields), $"http://{to.Authority}");
            location = new Uri(to, sent.Headers.Location ?? throw new InvalidOperationException($"{sent.StatusCode}: {await sent.Content.ReadAsStringAsync()}")).AbsoluteUri;
        }

        throw new InvalidOperationException($"The provider leads nowhere: {location}");
    }

    [GeneratedRegex("<form[^>]*action=\"([^\"]+)\"")]
    private static partial Regex Form();

    [GeneratedRegex("name=\"prompt\" value=\"([^\"]+)\"")]
    private static partial Regex Prompt();
}
