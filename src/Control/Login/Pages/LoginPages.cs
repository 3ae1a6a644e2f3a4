using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>The page of the login: password, then the code where the account has one. Also what the pages load.</summary>
internal sealed class LoginPages(LoginServices services, LoginDoor door)
{
    private const string TicketPurpose = "login ticket";
    private static readonly TimeSpan TicketLife = TimeSpan.FromMinutes(5);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login", (Delegate)Show).Anonymous().ExcludeFromDescription();
        routes.MapPost("/login", (Delegate)LogInAsync).Anonymous().ExcludeFromDescription();
        routes.MapPost("/login/code", (Delegate)CheckCodeAsync).Anonymous().ExcludeFromDescription();
        routes.MapGet(LoginPage.StylePath, () => Asset("login.css", "text/css")).Anonymous().ExcludeFromDescription();
        routes.MapGet(LoginPage.ScriptPath, () => Asset("passkeys.js", "text/javascript")).Anonymous().ExcludeFromDescription();
    }

    private IResult Show(HttpContext context)
    {
        string next = LoginPage.LocalPath(context.Request.Query["next"]);
        return door.SessionOf(context) is not null ? LoginPage.GoTo(next) : Form(context, next, "", null, StatusCodes.Status200OK);
    }

    private async Task<IResult> LogInAsync(HttpContext context)
    {
        string next = "/account", email = "";
        return await door.GuardAsync(
            async () =>
            {
                var form = await LoginPage.ReadAsync(context);
                next = LoginPage.LocalPath(form["next"]);
                email = form["email"].ToString();
                var outcome = await LoginDoor.UnlessBusyAsync(context, () =>
                    services.Passwords.TryAsync(email, form["password"].ToString(), null, LoginDoor.SourceOf(context), context.RequestAborted));
                if (outcome.Refusal == LoginRefusal.SecondFactor)
                    return CodeForm(context, Ticket(outcome.Account!, next), null, StatusCodes.Status200OK);
                door.Enter(context, door.Admit(context, outcome), "password");
                return LoginPage.GoTo(next);
            },
            (problem, status) => Form(context, next, email, problem, status));
    }

    private async Task<IResult> CheckCodeAsync(HttpContext context)
    {
        string sealedTicket = "";
        return await door.GuardAsync(
            async () =>
            {
                var form = await LoginPage.ReadAsync(context);
                sealedTicket = form["ticket"].ToString();
                if (services.Sealed.Open(sealedTicket, TicketPurpose, LoginJson.Default.LoginTicket) is not { } ticket
                    || ticket.Expires <= services.Time.GetUtcNow().ToUnixTimeSeconds()
                    || services.Accounts.Find(ticket.Account) is not { } account || ticket.PasswordCheck != CheckOf(account))
                    return Form(context, "/account", "", "This took too long: enter your password again.", StatusCodes.Status401Unauthorized);
                door.Enter(context, door.Admit(context, services.Passwords.TrySecondFactor(account, form["code"].ToString(), LoginDoor.SourceOf(context))), "password and code");
                return LoginPage.GoTo(LoginPage.LocalPath(ticket.Next));
            },
            (problem, status) => CodeForm(context, sealedTicket, problem, status));
    }

    private IResult Form(HttpContext context, string next, string email, string? problem, int status)
    {
        var providers = Html.Join(services.Providers.All().Select(provider =>
            Html.Of($"""<a class="button second" href="/login/oidc/{provider.Name}?next={Uri.EscapeDataString(next)}">Log in with {provider.Name}</a>""")));
        return LoginPage.Show(context, "Log in", Html.Of($"""
            <form method="post" action="/login">
            <input type="hidden" name="next" value="{next}">
            <label for="email">E-mail address</label>
            <input id="email" name="email" type="email" autocomplete="username webauthn" required autofocus value="{email}">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required>
            <button>Log in</button>
            </form>
            <form data-passkey="login" data-next="{next}" hidden>
            <p class="problem" role="alert" data-problem hidden></p>
            <button class="second">Log in with a passkey</button>
            </form>
            {providers}
            """), problem, status, withScript: true);
    }

    private static IResult CodeForm(HttpContext context, string ticket, string? problem, int status) => LoginPage.Show(context, "Second factor", Html.Of($"""
        <form method="post" action="/login/code">
        <input type="hidden" name="ticket" value="{ticket}">
        <label for="code">Code of your app, or a recovery code</label>
        <input id="code" name="code" autocomplete="one-time-code" spellcheck="false" required autofocus>
        <button>Log in</button>
        </form>
        """), problem, status);

    private string Ticket(Account account, string next) => services.Sealed.Seal(
        new LoginTicket(account.Id, CheckOf(account), next, (services.Time.GetUtcNow() + TicketLife).ToUnixTimeSeconds()), TicketPurpose, LoginJson.Default.LoginTicket);

    private static string CheckOf(Account account) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(account.PasswordHash ?? "")));

    private static IResult Asset(string name, string type)
    {
        using var reader = new StreamReader(typeof(LoginPages).Assembly.GetManifestResourceStream(name)!);
        return Results.Text(reader.ReadToEnd(), type, Encoding.UTF8);
    }
}
