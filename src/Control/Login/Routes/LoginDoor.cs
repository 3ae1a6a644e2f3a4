using System.Globalization;
using System.Net;

namespace Keyhole.Control;

/// <summary>What all ways to log in have in common: where a request comes from, the new session, and how refusals are answered.</summary>
internal sealed class LoginDoor(LoginServices services)
{
    /// <summary>How long a login counts as the proof that the user is there, for accounts without a password.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);

    public static IPAddress AddressOf(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    public static LoginSource SourceOf(HttpContext context) => new(AddressOf(context), LoginCookies.KnownOf(context.Request));

    /// <summary>Begins the session of a browser: always with a new token, and the one that it had before is over.</summary>
    public LoginSession Enter(HttpContext context, Account account, string how)
    {
        if (SessionOf(context) is { } before && services.Accounts.Find(before.Account) is { } earlier)
            services.Sessions.End(earlier, before.Id, new Actor($"user {earlier.Email}", AddressOf(context).ToString()));
        var (session, token) = services.Sessions.Begin(account, SessionKind.Browser, context.Request.Headers.UserAgent.ToString(), AddressOf(context), how);
        string known = LoginCookies.KnownOf(context.Request) is { } held && services.Known.FindBrowser(account.Id, held) is not null ? held : SessionToken.Plain();
        services.Known.Remember(account.Id, AddressOf(context), known);
        LoginCookies.SetSession(context, token, session.Expires);
        LoginCookies.SetKnown(context, known, services.Time.GetUtcNow());
        services.Log.LoggedIn(account.Email, AddressOf(context), how);
        return session;
    }

    /// <summary>The session of a browser's cookie; null when nobody is logged in.</summary>
    public LoginSession? SessionOf(HttpContext context) =>
        context.Request.Cookies[LoginCookies.SessionName(context.Request)] is { } token ? services.Sessions.Find(token, services.Time.GetUtcNow()) : null;

    /// <exception cref="ApiException">The outcome is a refusal.</exception>
    public Account Admit(HttpContext context, LoginOutcome outcome) => outcome.Refusal switch
    {
        null => outcome.Account!,
        LoginRefusal.SecondFactor => throw new ApiException(
            StatusCodes.Status401Unauthorized, "The account has a second factor: send its code too.",
            new Dictionary<string, string[]> { ["code"] = ["a one-time code or a recovery code is needed"] }),
        LoginRefusal.Later => throw Later(context, outcome.Wait),
        _ => throw new ApiException(StatusCodes.Status401Unauthorized, "The e-mail address, the password or the code is wrong."),
    };

    /// <exception cref="ApiException">There is a wait.</exception>
    public void Check(HttpContext context, TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
            throw Later(context, wait);
    }

    /// <summary>Notes and answers that a try is not heard yet.</summary>
    public ApiException Later(HttpContext context, TimeSpan wait)
    {
        int seconds = (int)Math.Ceiling(wait.TotalSeconds);
        services.Log.LoginWaits(AddressOf(context), seconds);
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return new ApiException(StatusCodes.Status429TooManyRequests, $"Too many tries have failed: wait {seconds} s.");
    }

    /// <summary>Proves that the user is there, not only their browser: by the password, or by a login just now where there is none.</summary>
    /// <exception cref="ApiException">The password is wrong, or the login too long ago.</exception>
    public async Task ConfirmAsync(HttpContext context, Account account, DateTimeOffset loggedInAt, string password)
    {
        if (account.PasswordHash is null)
        {
            if (services.Time.GetUtcNow() - loggedInAt >= Fresh)
                throw new ApiException(StatusCodes.Status403Forbidden, $"The login is more than {Fresh.TotalMinutes} minutes ago: log in again first.");
            return;
        }

        var outcome = await UnlessBusyAsync(context, () => services.Passwords.ConfirmAsync(account, password, SourceOf(context), context.RequestAborted));
        if (outcome.Refusal == LoginRefusal.Later)
            throw Later(context, outcome.Wait);
        if (outcome.Refusal is not null)
            throw ApiException.Field("password", "The password is wrong.");
    }

    /// <summary>Shows a refusal as a page. What the database says is for the log alone, as it is in the interface.</summary>
    public async Task<IResult> GuardAsync(Func<Task<IResult>> action, Func<string, int, IResult> refuse)
    {
        try
        {
            return await action();
        }
        catch (ApiException error)
        {
            return refuse(error.Errors.Values.FirstOrDefault()?.FirstOrDefault() ?? error.Message, error.Status);
        }
        catch (OperatorException error)
        {
            var told = Problems.Of(error, services.Log);
            return refuse(told.Message, told.Status);
        }
    }

    /// <summary>Runs what may find the server too busy.</summary>
    public static async Task<T> UnlessBusyAsync<T>(HttpContext context, Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (LoginBusyException error)
        {
            context.Response.Headers.RetryAfter = "5";
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, $"{char.ToUpperInvariant(error.Message[0])}{error.Message[1..]}.");
        }
    }
}
