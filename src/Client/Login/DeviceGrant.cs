using System.Net;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>A device authorization grant (RFC 8628), as the machine sees it that wants to be let in.</summary>
internal sealed class DeviceGrant
{
    private const string GrantType = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>RFC 8628 section 3.5: what "slow_down" adds for good.</summary>
    private static readonly TimeSpan Slower = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(2);

    private readonly ControlApi _api;
    private readonly TimeProvider _time;
    private readonly string _code;
    private readonly TimeSpan _lifetime;
    private readonly long _begun;
    private TimeSpan _interval;

    private DeviceGrant(ControlApi api, JsonObject grant, string code, TimeProvider time)
    {
        _api = api;
        _time = time;
        _code = code;
        _begun = time.GetTimestamp();
        _lifetime = TimeSpan.FromSeconds((int?)grant["expires_in"] ?? 600);
        _interval = TimeSpan.FromSeconds(Math.Clamp((int?)grant["interval"] ?? 5, 1, 60));
        Page = (string?)grant["verification_uri_complete"] ?? "";
        UserCode = (string?)grant["user_code"] ?? "";
    }

    /// <summary>Where a person approves it.</summary>
    public string Page { get; }

    /// <summary>What the page shows, too.</summary>
    public string UserCode { get; }

    /// <exception cref="AgentException">Control refuses or does not answer.</exception>
    public static async Task<DeviceGrant> BeginAsync(ControlApi api, TimeProvider time)
    {
        var (status, grant) = await api.PostFormAsync("login/device", ("client_id", "keyhole"), ("device_name", Environment.MachineName)).ConfigureAwait(false);
        return status == HttpStatusCode.OK && (string?)grant["device_code"] is { } code ? new DeviceGrant(api, grant, code, time) : throw ControlApi.Refusal(status, grant);
    }

    /// <summary>Asks until the person has decided. A question that is lost on the way is asked again, less and less often, as long as the code is good.</summary>
    /// <returns>With a member "access_token".</returns>
    /// <exception cref="AgentException">It was turned away, or nobody approved it in time.</exception>
    public async Task<JsonObject> TokenAsync()
    {
        var pause = _interval;
        AgentException? lost = null;
        while (_time.GetElapsedTime(_begun) < _lifetime)
        {
            // The last question comes before the code's end.
            var left = _lifetime - _time.GetElapsedTime(_begun) - LastMoment;
            await Task.Delay(pause < left || left < _interval ? pause : left, _time).ConfigureAwait(false);
            (var token, lost) = await AskAsync().ConfigureAwait(false);
            if (token is not null)
                return token;
            pause = lost is null ? _interval : pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        throw lost is null
            ? new AgentException("Nobody approved the login in time: run 'keyhole login' again.")
            : new AgentException($"The login is not approved as far as is known, and its time is over. {lost.Message}", lost);
    }

    /// <returns>The token; nothing while the person has not decided; or why the question has found no answer.</returns>
    private async Task<(JsonObject? Token, AgentException? Lost)> AskAsync()
    {
        HttpStatusCode status;
        JsonObject body;
        try
        {
            (status, body) = await _api.PostFormAsync("login/token", ("grant_type", GrantType), ("device_code", _code), ("client_id", "keyhole")).ConfigureAwait(false);
        }
        catch (AgentException e)
        {
            return (null, e);
        }

        if (status == HttpStatusCode.OK && (string?)body["access_token"] is not null)
            return (body, null);
        switch ((string?)body["error"])
        {
            case "authorization_pending":
                return (null, null);
            case "slow_down":
                _interval += Slower;
                return (null, null);
            case "access_denied":
                throw new AgentException("The login was turned away.");
            case "expired_token":
                throw new AgentException("Nobody approved the login in time: run 'keyhole login' again.");
        }

        // A proxy in front, or Control while it starts, may say whatever it likes; only a refusal of the request itself stands.
        var refusal = ControlApi.Refusal(status, body);
        bool stands = (int)status is >= 400 and < 500 && status is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
        return stands ? throw refusal : (null, refusal);
    }
}
