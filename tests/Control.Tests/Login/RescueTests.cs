using System.Net;
using System.Text.Json;

namespace Keyhole.Control.Tests;

/// <summary>What the operator does on the box, by the commands themselves.</summary>
[Trait("Promise", "O12")]
public class RescueTests
{
    [Fact]
    public async Task A_lost_password_is_set_anew_by_a_link_or_from_standard_input()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (status, output, _) = await RunAsync(server, "", "admin", "reset-password", LoginServer.Email);
        Assert.Equal(0, status);
        string link = output.Trim().Split('\n')[1];
        Assert.StartsWith(server.Control.Address.AbsoluteUri + "reset/", link, StringComparison.Ordinal);
        var browser = server.Another();
        Assert.Equal("/login", (await browser.FormAsync(new Uri(link).AbsolutePath, ("password", "another horse battery"), ("again", "another horse battery"))).Location);
        Assert.Equal("/login", (await server.PageAsync("/account")).Location);

        Assert.Equal(0, (await RunAsync(server, "a third horse battery\n", "admin", "reset-password", LoginServer.Email, "--password-file", "-")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync("a third horse battery")).Status);
        var (refused, _, error) = await RunAsync(server, "short\n", "admin", "reset-password", LoginServer.Email, "--password-file", "-");
        Assert.Equal(1, refused);
        Assert.Contains("characters", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_phone_is_put_right_and_everything_is_in_the_audit_log()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var login = server.Control.Server.Login;
        var account = login.Accounts.Find(LoginServer.Email)!;
        byte[] key = login.Factors.Begin(account);
        Assert.NotNull(login.Factors.Complete(login.Accounts.Find(account.Id)!, Totp.Code(key, Totp.StepAt(DateTimeOffset.UtcNow)), LoginFixture.Tester));
        var browser = server.Another();
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.LogInAsync(LoginFixture.Password)).Status);
        Assert.Equal(0, (await RunAsync(server, "", "admin", "disable-2fa", LoginServer.Email)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.LogInAsync(LoginFixture.Password)).Status);
        Assert.Equal(0, (await RunAsync(server, "", "admin", "make-admin", "bob@acme.example")).Status);
        var (_, list, _) = await RunAsync(server, "", "admin", "list", "--json");
        using var accounts = JsonDocument.Parse(list);
        Assert.Equal(["ann@acme.example", "bob@acme.example"], accounts.RootElement.GetProperty("accounts").EnumerateArray().Select(entry => entry.GetProperty("email").GetString()));
        Assert.Equal(1, (await RunAsync(server, "", "admin", "disable-2fa", "nobody@acme.example")).Status);
        var rows = login.Database.Read(connection => AuditLog.Read(connection, null, null, 100));
        Assert.Contains(rows, row => row is { Actor: "operator", Action: "disable-2fa", Subject: "account ann@acme.example" });
        Assert.Contains(rows, row => row is { Actor: "operator", Action: "make-admin", Subject: "account bob@acme.example" });
        Assert.DoesNotContain(rows, row => $"{row}".Contains(Base32.Encode(key), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Login_providers_are_set_with_their_secret_from_a_file_and_never_show_it()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        var (status, output, error) = await RunAsync(
            server, "the client secret\n", "login-provider", "set", "entra", "--issuer", "https://login.example/v2.0", "--client-id", "keyhole",
            "--client-secret-file", "-", "--role-claim", "groups", "--map", "vpn=admin", "--create-users");
        Assert.True(status == 0, error);
        Assert.Contains($"redirect URI {server.Control.Address}login/oidc/entra/callback", output, StringComparison.Ordinal);
        Assert.DoesNotContain("the client secret", (await RunAsync(server, "", "login-provider", "list", "--json")).Output, StringComparison.Ordinal);
        Assert.Equal("the client secret", server.Control.Server.Login.Providers.Find("ENTRA")!.ClientSecret);
        Assert.Contains("Log in with entra", (await server.Another().PageAsync("/login")).Text, StringComparison.Ordinal);
        foreach (string[] wrong in new[] { new[] { "--issuer", "http://login.example" }, ["--issuer", "https://login.example", "--role-claim", "groups", "--map", "vpn=nothing"] })
            Assert.Equal(1, (await RunAsync(server, "", ["login-provider", "set", "bad", "--client-id", "keyhole", .. wrong])).Status);
        Assert.Equal(0, (await RunAsync(server, "", "login-provider", "remove", "entra")).Status);
        Assert.Equal(1, (await RunAsync(server, "", "login-provider", "remove", "entra")).Status);
    }

    private static async Task<(int Status, string Output, string Error)> RunAsync(LoginServer server, string input, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var reader = new StringReader(input);
        int status = await Commands.Create(new Terminal(output, error, reader, null)).Parse([.. arguments, "--data", server.Control.Directory]).InvokeAsync();
        return (status, output.ToString(), error.ToString());
    }
}
