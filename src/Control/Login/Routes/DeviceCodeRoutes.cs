using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>The two endpoints of RFC 8628, with its names, for machines without a browser and for "keyhole login".</summary>
internal sealed class DeviceCodeRoutes(LoginServices services, LoginDoor door)
{
    public const string GrantType = "urn:ietf:params:oauth:grant-type:device_code";

    private const string Form = "application/x-www-form-urlencoded";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("login/device", (Delegate)BeginAsync).Anonymous().WithTags("login").WithName("login.device")
            .WithSummary("Begins the login of a machine: the form may name it by device_name. A person approves it at the verification_uri.")
            .Accepts<IFormCollection>(Form).Produces<DeviceAuthorization>();
        api.MapPost("login/token", (Delegate)PollAsync).Anonymous().WithTags("login").WithName("login.token")
            .WithSummary($"Asks whether the login was approved: grant_type {GrantType} and device_code. The token is that of the machine's session.")
            .Accepts<IFormCollection>(Form).Produces<DeviceToken>().Produces<DeviceTokenError>(StatusCodes.Status400BadRequest);
    }

    private async Task<IResult> BeginAsync(HttpContext context)
    {
        var form = await ReadAsync(context);
        var wait = services.Limiter.BeginDevice(LoginDoor.AddressOf(context));
        if (wait > TimeSpan.Zero)
            throw door.Later(context, wait);
        string name = form["device_name"].ToString();
        var grant = await LoginDoor.UnlessBusyAsync(context, () => Task.FromResult(services.Devices.Begin(name.Length == 0 ? "a machine" : name, LoginDoor.AddressOf(context))));
        string shown = UserCode.Format(grant.UserCode);
        var page = services.Address.At(context.Request, "/device");
        return Results.Json(
            new DeviceAuthorization(grant.DeviceCode, shown, page, new Uri($"{page}?user_code={shown}"), (int)grant.Life.TotalSeconds, (int)grant.Interval.TotalSeconds), ApiJson.Options);
    }

    private async Task<IResult> PollAsync(HttpContext context)
    {
        var form = await ReadAsync(context);
        if (form["grant_type"] != GrantType)
            return Refuse("unsupported_grant_type");
        if (form["device_code"] is not [{ Length: > 0 } code])
            return Refuse("invalid_request");
        var poll = services.Devices.Poll(code, LoginDoor.AddressOf(context));
        if (poll.Error is { } error)
            return Refuse(error);
        services.Log.LoggedIn(poll.Session!.Email, LoginDoor.AddressOf(context), "device code");
        int life = (int)(poll.Session.Expires - services.Time.GetUtcNow()).TotalSeconds;
        return Results.Json(new DeviceToken(poll.Token!, "Bearer", life, poll.Session.Email), ApiJson.Options);
    }

    private static IResult Refuse(string error) => Results.Json(new DeviceTokenError(error), ApiJson.Options, statusCode: StatusCodes.Status400BadRequest);

    private static Task<IFormCollection> ReadAsync(HttpContext context) => FormBody.ReadAsync(context, $"Send the body as {Form}.");

    /// <summary>RFC 8628 section 3.2.</summary>
    internal sealed record DeviceAuthorization(
        [property: JsonPropertyName("device_code")] string DeviceCode,
        [property: JsonPropertyName("user_code")] string UserCode,
        [property: JsonPropertyName("verification_uri")] Uri VerificationUri,
        [property: JsonPropertyName("verification_uri_complete")] Uri VerificationUriComplete,
        [property: JsonPropertyName("expires_in")] int ExpiresIn,
        [property: JsonPropertyName("interval")] int Interval);

    /// <summary>RFC 6749 section 5.1, and who is logged in.</summary>
    internal sealed record DeviceToken(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("token_type")] string TokenType,
        [property: JsonPropertyName("expires_in")] int ExpiresIn,
        [property: JsonPropertyName("account")] string Account);

    /// <summary>RFC 6749 section 5.2.</summary>
    internal sealed record DeviceTokenError([property: JsonPropertyName("error")] string Error);
}
