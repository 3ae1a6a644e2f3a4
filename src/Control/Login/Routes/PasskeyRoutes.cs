using System.Text.Json.Nodes;

namespace Keyhole.Control;

/// <summary>The two ceremonies of passkeys, as JSON for the script of the pages.</summary>
internal sealed class PasskeyRoutes(LoginServices services, LoginDoor door, AccountRoutes accounts)
{
    private const int MaximumName = 64;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("login/passkey/options", (Delegate)BeginLoginAsync).Anonymous().WithTags("login").WithName("login.passkey.begin")
            .WithSummary("What a browser needs to log in by passkey.").Produces<CeremonyView>();
        api.MapPost("login/passkey", (Delegate)LogInAsync).Anonymous().WithTags("login").WithName("login.passkey")
            .WithSummary("Logs a browser in by passkey. The session is a cookie.").Accepts<PasskeyBody>("application/json").Produces<LoginView>();
        api.MapPost("account/passkeys/options", (Delegate)BeginRegistrationAsync).RequiresLogin().WithTags("account").WithName("passkeys.begin")
            .WithSummary("What a browser needs to make a passkey.").Accepts<ConfirmBody>("application/json").Produces<CeremonyView>();
        api.MapPost("account/passkeys", (Delegate)RegisterAsync).RequiresLogin().WithTags("account").WithName("passkeys.add")
            .WithSummary("Adds a passkey to the caller's account.").Accepts<PasskeyBody>("application/json").Produces<AccountView>();
        api.MapDelete("account/passkeys/{id}", (Delegate)Remove).RequiresLogin().WithTags("account").WithName("passkeys.remove")
            .WithSummary("Removes a passkey of the caller.").Produces(StatusCodes.Status204NoContent);
    }

    private async Task<IResult> BeginLoginAsync(HttpContext context)
    {
        door.Check(context, services.Limiter.WaitOf(LoginDoor.AddressOf(context), LoginCeremony.Passkey));
        var (options, ticket) = await services.Passkeys.BeginLoginAsync(context);
        return Results.Json(new CeremonyView(JsonNode.Parse(options)!, ticket), ApiJson.Options);
    }

    private async Task<IResult> LogInAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<PasskeyBody>());
        door.Check(context, services.Limiter.Begin(LoginDoor.AddressOf(context), LoginCeremony.Passkey));
        var account = await services.Passkeys.CompleteLoginAsync(body.Ticket, body.Credential.ToJsonString(), context)
            ?? throw new ApiException(StatusCodes.Status401Unauthorized, "This passkey does not log in here.");
        services.Limiter.Succeeded(LoginDoor.AddressOf(context), LoginCeremony.Passkey);
        return LoginRoutes.Answer(door.Enter(context, account, "passkey"));
    }

    private async Task<IResult> BeginRegistrationAsync(HttpContext context)
    {
        var account = accounts.AccountOf(context);
        await accounts.ConfirmAsync(context, account, (await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<ConfirmBody>())).Password);
        var (options, ticket) = await services.Passkeys.BeginRegistrationAsync(account, context);
        return Results.Json(new CeremonyView(JsonNode.Parse(options)!, ticket), ApiJson.Options);
    }

    private async Task<IResult> RegisterAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<PasskeyBody>());
        string name = LoginSessions.Clean(body.Name ?? "").Trim();
        if (name.Length is 0 or > MaximumName)
            throw ApiException.Field("name", $"a passkey has a name of 1 to {MaximumName} characters");
        var account = accounts.AccountOf(context);
        if (await services.Passkeys.CompleteRegistrationAsync(account, name, body.Ticket, body.Credential.ToJsonString(), context, AccountRoutes.CallerOf(context).Actor) is { } problem)
            throw ApiException.Field("credential", problem);
        return Results.Json(accounts.View(account), ApiJson.Options);
    }

    private IResult Remove(HttpContext context, string id) => services.PasskeyStore.Remove(accounts.AccountOf(context), id, AccountRoutes.CallerOf(context).Actor)
        ? Results.NoContent()
        : throw new ApiException(StatusCodes.Status404NotFound, "You have no such passkey.");
}
