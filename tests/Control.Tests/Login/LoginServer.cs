using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>A running server, and a browser: it keeps cookies, follows no redirect, and says where its requests come from.</summary>
internal sealed class LoginServer : IAsyncDisposable
{
    public const string Email = "ann@acme.example";

    private readonly HttpClient _http;

    private LoginServer(RunningControl control)
    {
        Control = control;
        Cookies = new CookieContainer();
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false }) { BaseAddress = control.Address };
    }

    public RunningControl Control { get; }

    public CookieContainer Cookies { get; }

    public string? Session => Cookies.GetCookies(Control.Address)[CallerReader.PlainCookie]?.Value;

    public static async Task<LoginServer> StartAsync() => new(await RunningControl.StartAsync());

    /// <summary>Another browser on the same server.</summary>
    public LoginServer Another() => new(Control);

    /// <summary>Makes the first account, which stays logged in here.</summary>
    public async Task SetUpAsync(string? organisation = "acme")
    {
        string token = (await File.ReadAllTextAsync(Path.Combine(Control.Directory, "setup-token"))).Trim();
        var (status, body) = await PostAsync("/api/v1/setup", new JsonObject { ["token"] = token, ["email"] = Email, ["password"] = LoginFixture.Password, ["organisation"] = organisation });
        Assert.True(status == HttpStatusCode.OK, body?.ToJsonString());
    }

    public Task<(HttpStatusCode Status, JsonNode? Body)> LogInAsync(string password, string? code = null, string email = Email) =>
        PostAsync("/api/v1/login", new JsonObject { ["email"] = email, ["password"] = password, ["code"] = code });

    public async Task<(HttpStatusCode Status, JsonNode? Body)> PostAsync(string path, JsonNode body)
    {
        using var response = await SendAsync(HttpMethod.Post, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        string text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body)> GetAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null);
        string text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }

    /// <summary>Sends a form as a page of ours does.</summary>
    public async Task<(HttpStatusCode Status, string Text, string? Location)> FormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var response = await SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent(fields.ToDictionary(field => field.Name, field => field.Value)));
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location?.OriginalString);
    }

    public async Task<(HttpStatusCode Status, string Text, string? Location)> PageAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Location?.OriginalString);
    }

    /// <param name="origin">Where the browser says that the request began; null: here.</param>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, string? origin = null)
    {
        var request = new HttpRequestMessage(method, new Uri(Control.Address, path)) { Content = content };
        if (method != HttpMethod.Get)
            request.Headers.Add("Origin", origin ?? Control.Address.GetLeftPart(UriPartial.Authority));
        return _http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Control.DisposeAsync();
    }
}
