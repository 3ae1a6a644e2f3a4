using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Keyhole.Agent;

namespace Keyhole.Client;

/// <summary>The few routes of Control that logging in needs. Follows no redirect: the token goes to nobody else.</summary>
internal sealed class ControlApi : IDisposable
{
    private const int MaximumAnswer = 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http;

    /// <param name="endpoint">The path ends with a slash.</param>
    /// <param name="token">Of the session; null before there is one.</param>
    public ControlApi(Uri endpoint, string? token)
    {
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = Patience })
        {
            BaseAddress = new Uri(endpoint, "api/v1/"),
            Timeout = Patience,
            MaxResponseContentBufferSize = MaximumAnswer,
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Status 0 where Control does not answer.</summary>
    public Task<(HttpStatusCode Status, JsonObject Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<(HttpStatusCode Status, JsonObject Body)> PostAsync(string path, JsonObject body) =>
        SendAsync(HttpMethod.Post, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));

    public Task<(HttpStatusCode Status, JsonObject Body)> PostFormAsync(string path, params (string Name, string Value)[] fields) =>
        SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));

    public void Dispose() => _http.Dispose();

    /// <summary>What a refusal says, for people.</summary>
    public static AgentException Refusal(HttpStatusCode status, JsonObject body)
    {
        string? field = (body["errors"] as JsonObject)?.Select(error => $"{error.Key}: {(string?)error.Value?[0]}").FirstOrDefault();
        return status == HttpStatusCode.Unauthorized
            ? new AgentException("The login is over: run 'keyhole login' again.")
            : new AgentException($"Control refuses: {field ?? (string?)body["detail"] ?? (string?)body["error"] ?? $"status {(int)status}"}");
    }

    private async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            return (response.StatusCode, body.Length == 0 ? [] : JsonNode.Parse(body) as JsonObject ?? []);
        }
        catch (JsonException e)
        {
            throw new AgentException($"What answers at {_http.BaseAddress} is no Control.", e);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            throw new AgentException($"Control at {_http.BaseAddress!.GetLeftPart(UriPartial.Authority)} does not answer: {(e is TaskCanceledException ? "no answer in time" : (e.InnerException ?? e).Message)}", e);
        }
    }
}
