namespace Keyhole.Control;

/// <summary>Where a person lets a machine log in. It shows what the machine says that it is and where it asks from, since anybody may send a link.</summary>
internal sealed class DevicePages(LoginServices services, LoginDoor door)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/device", (Delegate)Show).Anonymous().ExcludeFromDescription();
        routes.MapPost("/device", (Delegate)DecideAsync).Anonymous().ExcludeFromDescription();
    }

    private IResult Show(HttpContext context)
    {
        string typed = context.Request.Query["user_code"].ToString();
        if (door.SessionOf(context) is not { } session)
            return LoginPage.GoTo($"/login?next={Uri.EscapeDataString(typed.Length == 0 ? "/device" : $"/device?user_code={UserCode.Parse(typed)}")}");
        if (typed.Length == 0)
            return CodeForm(context, null, StatusCodes.Status200OK);
        // Codes are guessed by those who are logged in only, and slowly.
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context));
        if (wait > TimeSpan.Zero)
            return CodeForm(context, door.Later(context, wait).Message, StatusCodes.Status429TooManyRequests);
        if (UserCode.Parse(typed) is not { } code || services.Devices.Find(code) is not { } request)
            return CodeForm(context, "No machine waits with this code: it lives ten minutes.", StatusCodes.Status404NotFound);
        services.Limiter.Succeeded(LoginDoor.AddressOf(context));
        return LoginPage.Show(context, "A machine wants to log in", Html.Of($"""
            <p>It will be logged in as <strong>{session.Email}</strong>, and reach what you reach.</p>
            <table>
            <tr><th scope="row">Code</th><td><code>{UserCode.Format(code)}</code></td></tr>
            <tr><th scope="row">Calls itself</th><td>{request.Client}</td></tr>
            <tr><th scope="row">Asks from</th><td>{request.Address ?? "unknown"}</td></tr>
            <tr><th scope="row">Since</th><td>{AccountPages.Time(request.AskedAt)}</td></tr>
            </table>
            <p>Go on only if you began this yourself, just now, and the machine shows the same code.</p>
            <form method="post" action="/device">
            <input type="hidden" name="user_code" value="{code}">
            <button name="decision" value="approve">Let it log in</button>
            <button name="decision" value="deny" class="second">Turn it away</button>
            </form>
            """));
    }

    private Task<IResult> DecideAsync(HttpContext context) => door.GuardAsync(
        async () =>
        {
            if (door.SessionOf(context) is not { } session || services.Accounts.Find(session.Account) is not { } account)
                return LoginPage.GoTo("/login?next=%2Fdevice");
            CrossSite.CheckCookie(context.Request);
            var form = await LoginPage.ReadAsync(context);
            bool approve = form["decision"] == "approve";
            var actor = new Actor($"user {account.Email}", LoginDoor.AddressOf(context).ToString());
            door.Check(context, services.Limiter.Begin(LoginDoor.AddressOf(context)));
            if (UserCode.Parse(form["user_code"].ToString()) is not { } code || !services.Devices.Decide(code, account, approve, actor))
                return CodeForm(context, "No machine waits with this code any more.", StatusCodes.Status404NotFound);
            services.Limiter.Succeeded(LoginDoor.AddressOf(context));
            return LoginPage.Show(context, approve ? "The machine is logged in" : "The machine was turned away", Html.Of($"""
                <p>You can close this page.</p>
                <p><a class="button second" href="/account">Your sessions</a></p>
                """));
        },
        (problem, status) => CodeForm(context, problem, status));

    private static IResult CodeForm(HttpContext context, string? problem, int status) => LoginPage.Show(context, "Log a machine in", Html.Of($"""
        <form method="get" action="/device">
        <label for="user_code">Code that the machine shows</label>
        <input id="user_code" name="user_code" class="code" autocomplete="off" spellcheck="false" required autofocus>
        <button>Continue</button>
        </form>
        """), problem, status);
}
