using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>To a provider and back. What ties the two together lies sealed in the browser, and each login ends once.</summary>
internal sealed class OpenIdPages(LoginServices services, LoginDoor door)
{
    private const string Purpose = "login at a provider";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/login/oidc/{provider}", (Delegate)BeginAsync).Anonymous().ExcludeFromDescription();
        routes.MapGet("/login/oidc/{provider}/callback", (Delegate)CompleteAsync).Anonymous().ExcludeFromDescription();
    }

    private async Task<IResult> BeginAsync(HttpContext context, string provider)
    {
        if (services.Providers.Find(provider) is not { } known)
            return Refuse(context, "There is no such way to log in.", StatusCodes.Status404NotFound);
        if (Later(context) is { } later)
            return later;
        try
        {
            var login = OpenIdLogin.New(known.Name, LoginPage.LocalPath(context.Request.Query["next"]), services.Time.GetUtcNow());
            var to = await services.OpenId.BeginAsync(known, login, Callback(context, known), context.RequestAborted);
            services.Limiter.Succeeded(LoginDoor.AddressOf(context), LoginCeremony.Provider);
            LoginCookies.SetProvider(context, services.Sealed.Seal(login, Purpose, LoginJson.Default.OpenIdLogin));
            return Results.Redirect(to.AbsoluteUri);
        }
        catch (OpenIdException error)
        {
            return Refuse(context, known.Name, error);
        }
    }

    private async Task<IResult> CompleteAsync(HttpContext context, string provider)
    {
        string? cookie = LoginCookies.ProviderOf(context.Request);
        LoginCookies.ClearProvider(context);
        var login = services.Sealed.Open(cookie, Purpose, LoginJson.Default.OpenIdLogin);
        // The answer must come to the browser that asked, once, and from the provider that was asked (RFC 9700 section 4.4).
        if (login is null || !Names.Comparer.Equals(login.Provider, provider) || services.Providers.Find(provider) is not { } known
            || !IsSame(context.Request.Query["state"], login.State) || login.Expires <= services.Time.GetUtcNow().ToUnixTimeSeconds())
            return NotBegun(context);
        if (Later(context) is { } later)
            return later;
        if (context.Request.Query.ContainsKey("error"))
            return Refuse(context, "The provider did not log you in.", StatusCodes.Status401Unauthorized);
        try
        {
            var token = await services.OpenId.CompleteAsync(
                known, login, Callback(context, known), context.Request.Query["code"].ToString(), context.Request.Query["iss"] is [{ } issuer] ? issuer : null, context.RequestAborted);
            if (!services.UsedAtProviders.Use(login.State, login.Expires))
                return NotBegun(context);
            services.Limiter.Succeeded(LoginDoor.AddressOf(context), LoginCeremony.Provider);
            var account = services.OpenIdUsers.Admit(known, token, new Actor($"login-provider {known.Name}", LoginDoor.AddressOf(context).ToString()));
            door.Enter(context, account, $"provider {known.Name}");
        }
        catch (OpenIdException error)
        {
            return Refuse(context, known.Name, error);
        }

        // The session's cookie does not go along with a redirect that another site began: the page itself goes on.
        string next = LoginPage.LocalPath(login.Next);
        return LoginPage.Show(context, "Logged in", Html.Of($"""<p><a class="button" href="{next}">Continue</a></p>"""), refresh: next);
    }

    private Uri Callback(HttpContext context, OpenIdProvider provider) => services.Address.At(context.Request, $"/login/oidc/{provider.Name}/callback");

    private static bool IsSame(string? given, string expected) =>
        given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    /// <summary>Each of these may become a request to the provider.</summary>
    private IResult? Later(HttpContext context)
    {
        var wait = services.Limiter.Begin(LoginDoor.AddressOf(context), LoginCeremony.Provider);
        return wait > TimeSpan.Zero ? Refuse(context, door.Later(context, wait).Message, StatusCodes.Status429TooManyRequests) : null;
    }

    private static IResult NotBegun(HttpContext context) => Refuse(context, "This login was not begun here, or took too long: begin again.", StatusCodes.Status400BadRequest);

    private IResult Refuse(HttpContext context, string provider, OpenIdException error)
    {
        services.Log.ProviderRefused(provider, Findings.Shown(error.Message));
        return Refuse(context, "The login at the provider did not work; the server's log says why.", StatusCodes.Status401Unauthorized);
    }

    private static IResult Refuse(HttpContext context, string problem, int status) =>
        LoginPage.Show(context, "Log in", Html.Of($"""<p><a class="button" href="/login">Begin again</a></p>"""), problem, status);
}
