using Microsoft.AspNetCore.Http.Features;

namespace Keyhole.Control;

/// <summary>First account, login by password and logout, as JSON.</summary>
internal sealed class LoginRoutes(LoginServices services, LoginDoor door)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("setup", (Delegate)SetUpAsync).Anonymous().WithTags("login").WithName("login.setup")
            .WithSummary("Makes the first account of the server with the one-time token that the server wrote into its data directory.")
            .Accepts<SetupBody>("application/json").Produces<LoginView>();
        api.MapPost("login", (Delegate)LogInAsync).Anonymous().WithTags("login").WithName("login.password")
            .WithSummary("Logs a browser in by password and, where the account has one, second factor. The session is a cookie.")
            .Accepts<LoginBody>("application/json").Produces<LoginView>();
        api.MapPost("logout", (Delegate)LogOut).RequiresLogin().WithTags("login").WithName("login.end")
            .WithSummary("Ends the session that the request belongs to, and the tunnels of the devices that were enrolled with it.")
            .Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>The answer to a login that succeeded.</summary>
    public static IResult Answer(LoginSession session) =>
        Results.Json(new LoginView(session.Email, session.IsServerAdmin, session.Id, session.Expires), ApiJson.Options);

    private async Task<IResult> SetUpAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<SetupBody>());
        if (PasswordRules.Problem(body.Password, body.Email) is { } problem)
            throw ApiException.Field("password", problem);
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context));
        if (wait > TimeSpan.Zero)
            throw door.Later(context, wait);
        var account = await LoginDoor.UnlessBusyAsync(context, () =>
            services.Setup.CompleteAsync(body.Token, body.Email, body.Password, body.Organisation, LoginDoor.AddressOf(context), context.RequestAborted));
        services.Limiter.Succeeded(LoginDoor.AddressOf(context));
        return Answer(door.Enter(context, account, "setup"));
    }

    private async Task<IResult> LogInAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<LoginBody>());
        var outcome = await LoginDoor.UnlessBusyAsync(context, () =>
            services.Passwords.TryAsync(body.Email, body.Password, body.Code, LoginDoor.SourceOf(context), context.RequestAborted));
        var account = door.Admit(context, outcome);
        return Answer(door.Enter(context, account, account.HasTotp ? "password and code" : "password"));
    }

    private IResult LogOut(HttpContext context)
    {
        var caller = context.Features.GetRequiredFeature<RequestScope>().Caller;
        if (caller.Account is { } id && caller.Session is { } session && services.Accounts.Find(id) is { } account)
            services.Sessions.End(account, session, caller.Actor);
        LoginCookies.ClearSession(context);
        return Results.NoContent();
    }
}
