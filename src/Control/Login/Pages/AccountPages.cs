using System.Buffers.Text;
using System.Globalization;
using QRCoder;

namespace Keyhole.Control;

/// <summary>A user's own account: sessions, password, one-time codes, passkeys. Every form that matters asks for the password again.</summary>
internal sealed class AccountPages(LoginServices services, LoginDoor door)
{
    private static readonly (string Path, Func<AccountPages, HttpContext, Account, LoginSession, IFormCollection, Task<IResult>> Handle)[] Forms =
    [
        ("logout", (pages, context, account, session, _) => pages.LogOutAsync(context, account, session)),
        ("end-session", (pages, context, account, session, form) => pages.EndSessionAsync(context, account, session, form)),
        ("password", (pages, context, account, session, form) => pages.SetPasswordAsync(context, account, session, form)),
        ("totp", (pages, context, account, session, form) => pages.BeginTotpAsync(context, account, session, form)),
        ("totp-confirm", (pages, context, account, session, form) => pages.CompleteTotpAsync(context, account, session, form)),
        ("totp-remove", (pages, context, account, session, form) => pages.RemoveTotpAsync(context, account, session, form)),
        ("passkey-remove", (pages, context, account, session, form) => pages.RemovePasskeyAsync(context, account, session, form)),
    ];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/account", (Delegate)Show).Anonymous().ExcludeFromDescription();
        foreach (var (path, handle) in Forms)
            routes.MapPost($"/account/{path}", (Delegate)((HttpContext context) => HandleAsync(context, handle))).Anonymous().ExcludeFromDescription();
    }

    /// <summary>An instant for people, in universal time.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private IResult Show(HttpContext context) => door.SessionOf(context) is { } session && services.Accounts.Find(session.Account) is { } account
        ? Main(context, account, session, null, StatusCodes.Status200OK)
        : LoginPage.GoTo("/login");

    private async Task<IResult> HandleAsync(HttpContext context, Func<AccountPages, HttpContext, Account, LoginSession, IFormCollection, Task<IResult>> handle)
    {
        if (door.SessionOf(context) is not { } session || services.Accounts.Find(session.Account) is not { } account)
            return LoginPage.GoTo("/login");
        return await door.GuardAsync(
            async () =>
            {
                CrossSite.CheckCookie(context.Request);
                return await handle(this, context, account, session, await LoginPage.ReadAsync(context));
            },
            (problem, status) => Main(context, services.Accounts.Find(account.Id) ?? account, session, problem, status));
    }

    private Task<IResult> LogOutAsync(HttpContext context, Account account, LoginSession session)
    {
        services.Sessions.End(account, session.Id, ActorOf(context, account));
        LoginCookies.ClearSession(context);
        return Task.FromResult(LoginPage.GoTo("/login"));
    }

    private Task<IResult> EndSessionAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        if (long.TryParse(form["session"], NumberStyles.None, CultureInfo.InvariantCulture, out long id))
            services.Sessions.End(account, id, ActorOf(context, account));
        return Task.FromResult(LoginPage.GoTo(id == session.Id ? "/login" : "/account"));
    }

    private async Task<IResult> SetPasswordAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        string password = form["password"].ToString();
        if (PasswordRules.Problem(password, account.Email) is { } problem)
            throw ApiException.Field("password", problem);
        if (password != form["again"].ToString())
            throw ApiException.Field("again", "The two passwords differ.");
        await ConfirmAsync(context, account, session, form["current"].ToString());
        string hash = await LoginDoor.UnlessBusyAsync(context, () => services.Hasher.HashAsync(password, context.RequestAborted));
        services.PasswordChange.Set(account, hash, session.Id, new AuditEntry(ActorOf(context, account), "set-password", $"account {account.Email}"));
        return LoginPage.GoTo("/account");
    }

    private async Task<IResult> BeginTotpAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        await ConfirmAsync(context, account, session, form["current"].ToString());
        services.Factors.Begin(account);
        return TotpForm(context, services.Accounts.Find(account.Id)!, null, StatusCodes.Status200OK);
    }

    private Task<IResult> CompleteTotpAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        if (services.Factors.Complete(account, form["code"].ToString(), ActorOf(context, account)) is not { } codes)
            return Task.FromResult(TotpForm(context, account, "This is no present code of the new key.", StatusCodes.Status422UnprocessableEntity));
        return Task.FromResult(LoginPage.Show(context, "Your recovery codes", Html.Of($"""
            <p>Each of them logs you in once without the app. They are shown this once: keep them where your phone is not.</p>
            <ul class="codes">{Html.Join(codes.Select(code => Html.Of($"<li>{code}</li>")))}</ul>
            <p><a class="button" href="/account">I have them</a></p>
            """)));
    }

    private async Task<IResult> RemoveTotpAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        await ConfirmAsync(context, account, session, form["current"].ToString());
        services.Accounts.RemoveSecondFactor(account, withPasskeys: false, new AuditEntry(ActorOf(context, account), "remove-totp", $"account {account.Email}"));
        return LoginPage.GoTo("/account");
    }

    private Task<IResult> RemovePasskeyAsync(HttpContext context, Account account, LoginSession session, IFormCollection form)
    {
        services.PasskeyStore.Remove(account, form["passkey"].ToString(), ActorOf(context, account));
        return Task.FromResult(LoginPage.GoTo("/account"));
    }

    private Task ConfirmAsync(HttpContext context, Account account, LoginSession session, string password) =>
        door.ConfirmAsync(context, account, session.LoggedInAt, password);

    private static Actor ActorOf(HttpContext context, Account account) => new($"user {account.Email}", LoginDoor.AddressOf(context).ToString());

    private IResult TotpForm(HttpContext context, Account account, string? problem, int status)
    {
        if (services.Factors.PendingKey(account) is not { } key)
            return LoginPage.GoTo("/account");
        using var code = QRCodeGenerator.GenerateQrCode(Totp.Uri(key, services.Address.IssuerOf(context.Request), account.Email), QRCodeGenerator.ECCLevel.M);
        using var picture = new PngByteQRCode(code);
        return LoginPage.Show(context, "One-time codes", Html.Of($"""
            <p>Scan this with an authenticator app, or enter the key.</p>
            <p><img class="qr" alt="QR code of the key" src="data:image/png;base64,{Convert.ToBase64String(picture.GetGraphic(4))}"></p>
            <p>Key: <code>{Base32.Encode(key)}</code></p>
            <form method="post" action="/account/totp-confirm">
            <label for="code">Code that the app shows now</label>
            <input id="code" name="code" autocomplete="one-time-code" inputmode="numeric" required autofocus>
            <button>Use one-time codes</button>
            </form>
            """), problem, status);
    }

    private IResult Main(HttpContext context, Account account, LoginSession session, string? problem, int status)
    {
        var organisations = services.OrganisationsOf(account);
        return LoginPage.Show(context, account.Email, Html.Of($"""
            <p>{(organisations.Count == 0 ? "You are a user of no organisation." : $"You are a user of {string.Join(", ", organisations)}.")}{(account.IsServerAdmin ? " You administer this server." : "")}</p>
            <form method="post" action="/account/logout"><button class="second">Log out</button></form>
            <h2>Sessions</h2>
            <table>
            <tr><th scope="col">What</th><th scope="col">From</th><th scope="col">Last used</th><th></th></tr>
            {Html.Join(services.Sessions.List(account.Id).Select(entry => Row(entry, entry.Id == session.Id)))}
            </table>
            <h2>One-time codes</h2>
            {SecondFactor(account)}
            <h2>Passkeys</h2>
            {PasskeysOf(account)}
            <h2>Password</h2>
            <form method="post" action="/account/password">
            {Current(account, "for-password")}
            {SetupPages.PasswordFields}
            <button>Change the password</button>
            </form>
            """), problem, status, withScript: true);
    }

    private static Html Row(SessionEntry entry, bool present) => Html.Of($"""
        <tr><td>{(entry.Kind == SessionKind.Browser ? "Browser" : "Machine")} {entry.Client}{(present ? " (this one)" : entry.IsIdle ? " (logged out by itself, its devices are not)" : "")}</td><td>{entry.Address}</td><td>{Time(entry.UsedAt)}</td>
        <td><form method="post" action="/account/end-session"><input type="hidden" name="session" value="{entry.Id}"><button class="second small">End</button></form></td></tr>
        """);

    private Html SecondFactor(Account account) => account.HasTotp
        ? Html.Of($"""
            <p>On; {services.Accounts.RecoveryCodesLeft(account)} recovery codes are left.</p>
            <form method="post" action="/account/totp-remove">{Current(account, "for-totp")}<button class="second">Turn off</button></form>
            """)
        : Html.Of($"""
            <p>Off.</p>
            <form method="post" action="/account/totp">{Current(account, "for-totp")}<button>Turn on</button></form>
            """);

    private Html PasskeysOf(Account account) => Html.Of($"""
        <table>
        {Html.Join(services.PasskeyStore.List(account.Id).Select(passkey => Html.Of($"""
            <tr><td>{passkey.Name}</td><td>since {Time(passkey.CreatedAt)}</td>
            <td><form method="post" action="/account/passkey-remove"><input type="hidden" name="passkey" value="{Base64Url.EncodeToString(passkey.CredentialId)}"><button class="second small">Remove</button></form></td></tr>
            """)))}
        </table>
        <form data-passkey="register" hidden>
        <p class="problem" role="alert" data-problem hidden></p>
        <label for="passkey-name">Name of a new passkey</label>
        <input id="passkey-name" name="name" required>
        {(account.PasswordHash is null ? Html.Empty : Html.Of($"""
            <label for="passkey-password">Your password</label>
            <input id="passkey-password" name="password" type="password" autocomplete="current-password" required>
            """))}
        <button>Add a passkey</button>
        </form>
        <noscript><p class="hint">To add a passkey, the browser has to run the script of this page.</p></noscript>
        """);

    private static Html Current(Account account, string id) => account.PasswordHash is null ? Html.Empty : Html.Of($"""
        <label for="{id}">Your password now</label>
        <input id="{id}" name="current" type="password" autocomplete="current-password" required>
        """);
}
