using System.Buffers.Text;
using System.Globalization;
using Microsoft.AspNetCore.Http.Features;

namespace Keyhole.Control;

/// <summary>What a user does with their own account: sessions, password, second factor. What matters asks for the password again.</summary>
internal sealed class AccountRoutes(LoginServices services, LoginDoor door)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("account", (Delegate)Read).RequiresLogin().WithTags("account").WithName("account.read").WithSummary("The caller's account.").Produces<AccountView>();
        api.MapPatch("account", (Delegate)ChangeAsync).RequiresLogin().WithTags("account").WithName("account.change")
            .WithSummary("Changes the caller's display name in all its organisations (JSON merge patch, RFC 7396).").Accepts<AccountInput>("application/json").Produces<AccountView>();
        api.MapGet("sessions", (Delegate)List).RequiresLogin().WithTags("account").WithName("sessions.list").WithSummary("The login sessions of the caller, the last used first.").Produces<Page<SessionView>>();
        api.MapDelete("sessions/{id}", (Delegate)End).RequiresLogin().WithTags("account").WithName("sessions.end")
            .WithSummary("Ends a session of the caller, and the tunnels of the devices that were enrolled with it.").Produces(StatusCodes.Status204NoContent);
        api.MapPost("account/password", (Delegate)SetPasswordAsync).RequiresLogin().WithTags("account").WithName("account.password")
            .WithSummary("Changes the caller's password and ends all other sessions.").Accepts<PasswordBody>("application/json").Produces(StatusCodes.Status204NoContent);
        api.MapPost("account/totp", (Delegate)BeginTotpAsync).RequiresLogin().WithTags("account").WithName("account.totp.begin")
            .WithSummary("Makes a key for one-time codes, which counts when a code of it was shown.").Accepts<ConfirmBody>("application/json").Produces<TotpView>();
        api.MapPost("account/totp/confirm", (Delegate)CompleteTotpAsync).RequiresLogin().WithTags("account").WithName("account.totp.confirm")
            .WithSummary("Shows the first code of the new key. The answer holds the recovery codes.").Accepts<CodeBody>("application/json").Produces<RecoveryCodesView>();
        api.MapPost("account/totp/remove", (Delegate)RemoveTotpAsync).RequiresLogin().WithTags("account").WithName("account.totp.remove")
            .WithSummary("Takes the one-time codes and the recovery codes away.").Accepts<ConfirmBody>("application/json").Produces(StatusCodes.Status204NoContent);
        api.MapPost("account/recovery-codes", (Delegate)RenewAsync).RequiresLogin().WithTags("account").WithName("account.recovery-codes")
            .WithSummary("Makes new recovery codes in place of the old ones.").Accepts<ConfirmBody>("application/json").Produces<RecoveryCodesView>();
    }

    /// <summary>The account of a request that is logged in.</summary>
    public Account AccountOf(HttpContext context) =>
        services.Accounts.Find(CallerOf(context).Account!.Value) ?? throw new ApiException(StatusCodes.Status404NotFound, "This account does not exist any more.");

    public static Caller CallerOf(HttpContext context) => context.Features.GetRequiredFeature<RequestScope>().Caller;

    /// <summary>Proves that the user is there, not only their browser.</summary>
    public Task ConfirmAsync(HttpContext context, Account account, string password) => door.ConfirmAsync(
        context, account, services.Sessions.List(account.Id).FirstOrDefault(session => session.Id == CallerOf(context).Session)?.LoggedInAt ?? default, password);

    public AccountView View(Account account) => new(
        account.Email,
        services.NetworksOf(account).Select(network => OrganisationUsers.Find(network.Ledger.State, account.Email)?.DisplayName).FirstOrDefault(name => name is not null),
        account.IsServerAdmin,
        services.OrganisationsOf(account),
        account.PasswordHash is not null, account.HasTotp, services.Accounts.RecoveryCodesLeft(account),
        [.. services.PasskeyStore.List(account.Id).Select(passkey => new PasskeyView(Base64Url.EncodeToString(passkey.CredentialId), passkey.Name ?? "", passkey.CreatedAt))]);

    private IResult Read(HttpContext context) => Results.Json(View(AccountOf(context)), ApiJson.Options);

    private async Task<IResult> ChangeAsync(HttpContext context)
    {
        var body = await JsonBody.ReadObjectAsync(context.Request);
        JsonBody.Check(body, ApiJson.TypeOf<AccountInput>(), partly: true);
        var caller = CallerOf(context);
        var account = AccountOf(context);
        if (body.ContainsKey("displayName"))
        {
            string? name = UserKind.ReadDisplayName(JsonBody.Convert(body, ApiJson.TypeOf<AccountInput>()).DisplayName);
            foreach (var network in services.NetworksOf(account))
            {
                network.Ledger.Change(
                    state => OrganisationUsers.Name(state, account.Email, name),
                    (before, _) => new AuditEntry(caller.Actor, "change", $"user {account.Email}", OrganisationUsers.Find(before, account.Email)?.DisplayName, name));
            }
        }

        return Results.Json(View(account), ApiJson.Options);
    }

    private IResult List(HttpContext context)
    {
        var caller = CallerOf(context);
        var views = services.Sessions.List(caller.Account!.Value).Select(entry =>
            new SessionView(entry.Id, entry.Kind, entry.Client, entry.Address, entry.LoggedInAt, entry.UsedAt, entry.Expires, entry.Id == caller.Session, entry.IsIdle));
        return Results.Json(new Page<SessionView>([.. views], null), ApiJson.Options);
    }

    private IResult End(HttpContext context, string id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long session) && services.Sessions.End(AccountOf(context), session, CallerOf(context).Actor)
        ? Results.NoContent()
        : throw new ApiException(StatusCodes.Status404NotFound, "You have no such session.");

    private async Task<IResult> SetPasswordAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<PasswordBody>());
        var account = AccountOf(context);
        if (PasswordRules.Problem(body.New, account.Email) is { } problem)
            throw ApiException.Field("new", problem);
        await ConfirmAsync(context, account, body.Current);
        string hash = await LoginDoor.UnlessBusyAsync(context, () => services.Hasher.HashAsync(body.New, context.RequestAborted));
        var caller = CallerOf(context);
        services.PasswordChange.Set(account, hash, caller.Session, new AuditEntry(caller.Actor, "set-password", $"account {account.Email}"));
        return Results.NoContent();
    }

    private async Task<IResult> BeginTotpAsync(HttpContext context)
    {
        var account = AccountOf(context);
        await ConfirmAsync(context, account, (await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<ConfirmBody>())).Password);
        byte[] key = services.Factors.Begin(account);
        return Results.Json(new TotpView(Base32.Encode(key), Totp.Uri(key, services.Address.IssuerOf(context.Request), account.Email)), ApiJson.Options);
    }

    private async Task<IResult> CompleteTotpAsync(HttpContext context)
    {
        var body = await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<CodeBody>());
        var codes = services.Factors.Complete(AccountOf(context), body.Code, CallerOf(context).Actor)
            ?? throw ApiException.Field("code", "this is no present code of the new key");
        return Results.Json(new RecoveryCodesView(codes), ApiJson.Options);
    }

    private async Task<IResult> RemoveTotpAsync(HttpContext context)
    {
        var account = AccountOf(context);
        await ConfirmAsync(context, account, (await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<ConfirmBody>())).Password);
        services.Accounts.RemoveSecondFactor(account, withPasskeys: false, new AuditEntry(CallerOf(context).Actor, "remove-totp", $"account {account.Email}"));
        return Results.NoContent();
    }

    private async Task<IResult> RenewAsync(HttpContext context)
    {
        var account = AccountOf(context);
        await ConfirmAsync(context, account, (await JsonBody.ReadAsync(context.Request, ApiJson.TypeOf<ConfirmBody>())).Password);
        if (!account.HasTotp)
            throw new ApiException(StatusCodes.Status409Conflict, "The account has no one-time codes that recovery codes could stand in for.");
        return Results.Json(new RecoveryCodesView(services.Factors.RenewRecoveryCodes(account, CallerOf(context).Actor)), ApiJson.Options);
    }
}
