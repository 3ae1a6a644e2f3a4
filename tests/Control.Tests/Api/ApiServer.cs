using System.Net.Http.Headers;
using System.Text;

namespace Keyhole.Control.Tests;

/// <summary>A running server with the organisation of <see cref="Samples.Acme"/>, and people in it.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string Owner = "olga@example.com";
    public const string Admin = "adam@example.com";
    public const string Member = "mia@example.com";
    public const string Root = "root@example.com";
    public const string Acme = "/api/v1/orgs/acme";

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    private ApiServer(RunningControl control, TestSessions sessions)
    {
        Control = control;
        Sessions = sessions;
    }

    public RunningControl Control { get; }

    public TestSessions Sessions { get; }

    public HttpClient Http => _http;

    public Network Network => Control.Server.Networks.Find("acme")!;

    /// <param name="database">The connection string of a PostgreSQL database; null for SQLite.</param>
    public static async Task<ApiServer> StartAsync(string? database = null)
    {
        var sessions = new TestSessions();
        var server = new ApiServer(await RunningControl.StartAsync(RunningControl.NewDirectory(), sessions, database), sessions);
        string people = $$"""
              - { email: {{Owner}}, roles: [owner] }
              - { email: {{Admin}}, roles: [admin] }
              - { email: {{Member}}, roles: [member, staff] }

            """;
        var applied = await server.Control.ApplyAsync(Samples.Acme.Replace("\nmachines:", $"\n{people}machines:", StringComparison.Ordinal));
        Assert.Empty(applied.Errors);
        return server;
    }

    /// <summary>Another server on the database of this one, where the same people are logged in.</summary>
    public async Task<ApiServer> StartSecondAsync(string database)
    {
        string directory = RunningControl.NewDirectory();
        DataDirectory.Create(directory);
        File.Copy(Path.Combine(Control.Directory, "control.key"), Path.Combine(directory, "control.key"));
        return new ApiServer(await RunningControl.StartAsync(directory, Sessions, database), Sessions);
    }

    /// <summary>Calls a route below the organisation ("/sites") or any other ("/api/v1/orgs").</summary>
    /// <param name="who">Whose session; null for nobody's.</param>
    public Task<ApiAnswer> SendAsync(string? who, HttpMethod method, string path, string? json = null, string? ifMatch = null) =>
        SendWithTokenAsync(who is null ? null : Sessions.Begin(who, serverAdmin: who == Root), method, path, json, ifMatch);

    /// <param name="token">A session or an API key; null for none.</param>
    public async Task<ApiAnswer> SendWithTokenAsync(string? token, HttpMethod method, string path, string? content = null, string? ifMatch = null, string mediaType = "application/json")
    {
        using var request = new HttpRequestMessage(method, new Uri(Control.Address, IsWhole(path) ? path : Acme + path));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (content is not null)
            request.Content = new StringContent(content, Encoding.UTF8, mediaType);
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return await SendAsync(request);
    }

    public async Task<ApiAnswer> SendAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request);
        return new ApiAnswer(
            response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.ToString(), response.Headers.Location);
    }

    private static bool IsWhole(string path) => path.StartsWith("/api/", StringComparison.Ordinal) || !path.StartsWith('/');

    public Task<ApiAnswer> GetAsync(string? who, string path) => SendAsync(who, HttpMethod.Get, path);

    public Task<ApiAnswer> PostAsync(string? who, string path, string json = "{}") => SendAsync(who, HttpMethod.Post, path, json);

    public Task<ApiAnswer> PatchAsync(string? who, string path, string json, string? ifMatch = null) => SendAsync(who, HttpMethod.Patch, path, json, ifMatch);

    public Task<ApiAnswer> DeleteAsync(string? who, string path, string? ifMatch = null) => SendAsync(who, HttpMethod.Delete, path, null, ifMatch);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Control.DisposeAsync();
    }
}
