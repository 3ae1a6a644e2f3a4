namespace Keyhole.Control;

/// <summary>Where somebody who was invited becomes a user: with the account that they have, or with one that the link makes for them.</summary>
internal sealed class InvitationPages(LoginServices services, LoginDoor door)
{
    private readonly Invitations _invitations = new(services.Networks, services.Time);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/invite/{token}", (Func<HttpContext, string, IResult>)Show).Anonymous().ExcludeFromDescription();
        routes.MapPost("/invite/{token}", (Delegate)AcceptAsync).Anonymous().ExcludeFromDescription();
    }

    private IResult Show(HttpContext context, string token) => Show(context, token, null, StatusCodes.Status200OK);

    private IResult Show(HttpContext context, string token, string? problem, int status)
    {
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context));
        if (wait > TimeSpan.Zero || _invitations.Find(token) is not var (invitation, network))
            return Gone(context);
        services.Limiter.Succeeded(LoginDoor.AddressOf(context));
        string title = $"Join {network.Name}";
        if (services.Accounts.Find(invitation.Email) is null)
        {
            return LoginPage.Show(context, title, Html.Of($"""
                <p>{invitation.Email} is invited. Choose a password for your new account.</p>
                <form method="post" action="/invite/{token}">
                <input type="hidden" autocomplete="username" value="{invitation.Email}">
                {SetupPages.PasswordFields}
                <button>Make the account and join</button>
                </form>
                """), problem, status);
        }

        if (door.SessionOf(context) is not { } session || Account.KeyOf(session.Email) != Account.KeyOf(invitation.Email))
        {
            return LoginPage.Show(context, title, Html.Of($"""
                <p>{invitation.Email} is invited: log in with that account.</p>
                <p><a class="button" href="/login?next={Uri.EscapeDataString($"/invite/{token}")}">Log in</a></p>
                """), problem, status);
        }

        return LoginPage.Show(context, title, Html.Of($"""
            <form method="post" action="/invite/{token}"><button>Join as {session.Email}</button></form>
            """), problem, status);
    }

    private Task<IResult> AcceptAsync(HttpContext context, string token) => door.GuardAsync(
        async () =>
        {
            if (_invitations.Find(token) is not var (invitation, _))
                return Gone(context);
            var actor = new Actor($"user {invitation.Email}", LoginDoor.AddressOf(context).ToString());
            if (services.Accounts.Find(invitation.Email) is not null)
            {
                CrossSite.CheckCookie(context.Request);
                if (door.SessionOf(context) is not { } session || Account.KeyOf(session.Email) != Account.KeyOf(invitation.Email))
                    return Show(context, token);
                _invitations.Accept(token, session.Email, actor, isNew: false, (connection, transaction, _) => Accounts.Find(connection, transaction, session.Account));
                return LoginPage.GoTo("/account");
            }

            var form = await LoginPage.ReadAsync(context);
            string password = form["password"].ToString();
            if (PasswordRules.Problem(password, invitation.Email) is { } problem)
                throw ApiException.Field("password", problem);
            if (password != form["again"].ToString())
                throw ApiException.Field("again", "The two passwords differ.");
            string hash = await LoginDoor.UnlessBusyAsync(context, () => services.Hasher.HashAsync(password, context.RequestAborted));
            // Of two who use the link at once, one makes the account.
            Account? account = null;
            _invitations.Accept(token, invitation.Email, actor, isNew: true, (connection, transaction, network) =>
            {
                account = services.Accounts.Create(connection, transaction, invitation.Email, hash, isServerAdmin: false, network.Id);
                services.Audit.Append(connection, transaction, null, new AuditEntry(actor, "make-account", $"account {invitation.Email}"));
                return account;
            });
            door.Enter(context, account!, "invitation");
            return LoginPage.GoTo("/account");
        },
        (problem, status) => Show(context, token, problem, status));

    private static IResult Gone(HttpContext context) =>
        LoginPage.Show(context, "Invitation", Html.Empty, "This invitation is unknown, was used, or is over: ask for another.", StatusCodes.Status404NotFound);
}
