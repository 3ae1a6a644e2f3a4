namespace Keyhole.Control;

/// <summary>The pages that make the first account, and that set a password by the operator's link.</summary>
internal sealed class SetupPages(LoginServices services, LoginDoor door)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/setup", (Delegate)ShowSetup).Anonymous().ExcludeFromDescription();
        routes.MapPost("/setup", (Delegate)SetUpAsync).Anonymous().ExcludeFromDescription();
        routes.MapGet("/reset/{token}", (Delegate)ShowReset).Anonymous().ExcludeFromDescription();
        routes.MapPost("/reset/{token}", (Delegate)ResetAsync).Anonymous().ExcludeFromDescription();
    }

    private IResult ShowSetup(HttpContext context) => services.Accounts.Any()
        ? LoginPage.GoTo("/login")
        : SetupForm(context, "", "", null, StatusCodes.Status200OK);

    private async Task<IResult> SetUpAsync(HttpContext context)
    {
        string email = "", organisation = "";
        return await door.GuardAsync(
            async () =>
            {
                var form = await LoginPage.ReadAsync(context);
                (email, organisation) = (form["email"].ToString(), form["organisation"].ToString());
                CheckPassword(form, email);
                CheckLimit(context);
                var account = await LoginDoor.UnlessBusyAsync(context, () => services.Setup.CompleteAsync(
                    form["token"].ToString().Trim(), email, form["password"].ToString(), organisation.Length == 0 ? null : organisation, LoginDoor.AddressOf(context), context.RequestAborted));
                services.Limiter.Succeeded(LoginDoor.AddressOf(context));
                door.Enter(context, account, "setup");
                return LoginPage.GoTo("/account");
            },
            (problem, status) => SetupForm(context, email, organisation, problem, status));
    }

    private IResult ShowReset(HttpContext context, string token)
    {
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context));
        bool good = wait == TimeSpan.Zero && services.Resets.IsGood(token);
        if (good)
            services.Limiter.Succeeded(LoginDoor.AddressOf(context));
        return good
            ? ResetForm(context, token, null, StatusCodes.Status200OK)
            : LoginPage.Show(context, "Set a password", Html.Empty, "This link is used or older than an hour: the operator can make another.", StatusCodes.Status404NotFound);
    }

    private Task<IResult> ResetAsync(HttpContext context, string token) => door.GuardAsync(
        async () =>
        {
            var form = await LoginPage.ReadAsync(context);
            CheckPassword(form, "");
            CheckLimit(context);
            await LoginDoor.UnlessBusyAsync(context, () => services.Resets.CompleteAsync(token, form["password"].ToString(), LoginDoor.AddressOf(context), context.RequestAborted));
            services.Limiter.Succeeded(LoginDoor.AddressOf(context));
            return LoginPage.GoTo("/login");
        },
        (problem, status) => ResetForm(context, token, problem, status));

    private void CheckLimit(HttpContext context)
    {
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context));
        if (wait > TimeSpan.Zero)
            throw door.Later(context, wait);
    }

    private static void CheckPassword(IFormCollection form, string email)
    {
        string password = form["password"].ToString();
        if (PasswordRules.Problem(password, email) is { } problem)
            throw ApiException.Field("password", problem);
        if (password != form["again"].ToString())
            throw ApiException.Field("again", "The two passwords differ.");
    }

    private static IResult SetupForm(HttpContext context, string email, string organisation, string? problem, int status) => LoginPage.Show(context, "The first account", Html.Of($"""
        <p>This server has no account yet. Its token lies in the file <code>setup-token</code> of the data directory, where only its operator can read it.</p>
        <form method="post" action="/setup">
        <label for="token">Token</label>
        <input id="token" name="token" autocomplete="off" spellcheck="false" required autofocus>
        <label for="email">E-mail address</label>
        <input id="email" name="email" type="email" autocomplete="username" required value="{email}">
        {PasswordFields}
        <label for="organisation">Organisation</label>
        <input id="organisation" name="organisation" autocomplete="organization" value="{organisation}">
        <p class="hint">A new one, or one that a network file has made: you become its owner.</p>
        <button>Make the account</button>
        </form>
        """), problem, status);

    private static IResult ResetForm(HttpContext context, string token, string? problem, int status) => LoginPage.Show(context, "Set a password", Html.Of($"""
        <form method="post" action="/reset/{token}">
        {PasswordFields}
        <button>Set the password</button>
        </form>
        """), problem, status);

    internal static Html PasswordFields => Html.Of($"""
        <label for="password">New password</label>
        <input id="password" name="password" type="password" autocomplete="new-password" minlength="{PasswordRules.MinimumLength}" required>
        <p class="hint">At least {PasswordRules.MinimumLength} characters; a few words make a good one.</p>
        <label for="again">The same again</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required>
        """);
}
