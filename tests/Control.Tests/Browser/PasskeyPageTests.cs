using Microsoft.Playwright;

namespace Keyhole.Control.Tests;

/// <summary>The script of the pages in Debian's Chromium, whose own implementation of WebAuthn talks to an authenticator that it simulates.</summary>
public class PasskeyPageTests
{
    private const float Patience = 120_000;

    [BrowserFact]
    [Trait("Promise", "A4")]
    public async Task A_person_adds_a_passkey_on_the_page_and_logs_in_with_it()
    {
        await using var server = await LoginServer.StartAsync();
        await server.SetUpAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = BrowserFactAttribute.Program,
            ChromiumSandbox = !Environment.IsPrivilegedProcess,
            Timeout = Patience,
            Args = ["--host-resolver-rules=MAP localhost 127.0.0.1"],
        });
        // A passkey belongs to a name; an address is none.
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { BaseURL = new UriBuilder(server.Control.Address) { Host = "localhost" }.Uri.AbsoluteUri });
        page.SetDefaultTimeout(Patience);
        var faults = new List<string>();
        page.PageError += (_, error) => faults.Add(error);
        page.Console += (_, message) => faults.AddRange(message.Text.Contains("Content Security Policy", StringComparison.Ordinal) ? [message.Text] : []);
        var (devTools, authenticator) = await AddAuthenticatorAsync(page);

        await page.GotoAsync("/login");
        await page.GetByLabel("E-mail address").FillAsync(LoginServer.Email);
        await page.GetByLabel("Password", new PageGetByLabelOptions { Exact = true }).FillAsync(LoginFixture.Password);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Log in", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/account");

        await page.Locator("#passkey-name").FillAsync("my laptop");
        await page.Locator("#passkey-password").FillAsync("wrong horse battery");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add a passkey" }).ClickAsync();
        await page.GetByText("The password is wrong.").WaitForAsync();
        await page.Locator("#passkey-password").FillAsync(LoginFixture.Password);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "my laptop" }).WaitForAsync();
        Assert.Single(server.Control.Server.Login.PasskeyStore.List(server.Control.Server.Login.Accounts.Find(LoginServer.Email)!.Id));

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Log out" }).ClickAsync();
        await page.WaitForURLAsync("**/login");
        // Somebody else at the machine, whom the authenticator does not know.
        await devTools.SendAsync("WebAuthn.setUserVerified", new Dictionary<string, object> { ["authenticatorId"] = authenticator, ["isUserVerified"] = false });
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Log in with a passkey" }).ClickAsync();
        await page.GetByText("The browser gave no passkey.").WaitForAsync();
        await devTools.SendAsync("WebAuthn.setUserVerified", new Dictionary<string, object> { ["authenticatorId"] = authenticator, ["isUserVerified"] = true });
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Log in with a passkey" }).ClickAsync();
        await page.WaitForURLAsync("**/account");
        Assert.Equal(LoginServer.Email, await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 }).TextContentAsync());
        Assert.Empty(faults);
    }

    private static async Task<(ICDPSession DevTools, string Authenticator)> AddAuthenticatorAsync(IPage page)
    {
        var devTools = await page.Context.NewCDPSessionAsync(page);
        await devTools.SendAsync("WebAuthn.enable");
        var options = new Dictionary<string, object>
        {
            ["protocol"] = "ctap2",
            ["transport"] = "internal",
            ["hasResidentKey"] = true,
            ["hasUserVerification"] = true,
            ["isUserVerified"] = true,
            ["automaticPresenceSimulation"] = true,
        };
        var added = await devTools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object> { ["options"] = options });
        return (devTools, added!.Value.GetProperty("authenticatorId").GetString()!);
    }
}
