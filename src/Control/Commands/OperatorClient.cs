using System.Net.Sockets;
using System.Text.Json.Serialization.Metadata;

namespace Keyhole.Control;

/// <summary>The commands' side of the operator's socket.</summary>
internal sealed class OperatorClient : IDisposable
{
    private readonly DataDirectory _directory;
    private readonly string? _query;
    private readonly HttpClient _http;

    /// <param name="organisation">The one that all requests are for; null: the only one.</param>
    public OperatorClient(DataDirectory directory, string? organisation = null)
    {
        _directory = directory;
        _query = organisation is null ? null : $"{OperatorRoutes.OrganisationQuery}={Uri.EscapeDataString(organisation)}";
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://control.sock") };
    }

    /// <exception cref="OperatorException">The server is not running or refuses.</exception>
    public async Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType) =>
        await SendAsync(() => _http.PostAsJsonAsync(For(path), request, requestType), answerType);

    /// <exception cref="OperatorException">The server is not running or refuses.</exception>
    public async Task<TAnswer> GetAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answerType) =>
        await SendAsync(() => _http.GetAsync(For(path)), answerType);

    /// <summary>Reads an answer of any length.</summary>
    /// <exception cref="OperatorException">The server is not running or refuses, or breaks off.</exception>
    public async Task DownloadAsync(string path, Stream destination)
    {
        try
        {
            using var response = await _http.GetAsync(For(path), HttpCompletionOption.ResponseHeadersRead);
            if (!response.IsSuccessStatusCode)
                throw await RefusalAsync(response);
            await response.Content.CopyToAsync(destination);
        }
        catch (HttpRequestException error)
        {
            throw Broken(error);
        }
    }

    public void Dispose() => _http.Dispose();

    private string For(string path) => _query is null ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{_query}";

    private async Task<TAnswer> SendAsync<TAnswer>(Func<Task<HttpResponseMessage>> send, JsonTypeInfo<TAnswer> answerType)
    {
        try
        {
            using var response = await send();
            if (response.IsSuccessStatusCode && await response.Content.ReadFromJsonAsync(answerType) is { } answer)
                return answer;
            throw await RefusalAsync(response);
        }
        catch (HttpRequestException error)
        {
            throw Broken(error);
        }
    }

    private static async Task<OperatorException> RefusalAsync(HttpResponseMessage response)
    {
        bool known = response.Content.Headers.ContentType?.MediaType == "application/json";
        var error = known ? await response.Content.ReadFromJsonAsync(OperatorJson.Default.ErrorAnswer) : null;
        return new OperatorException(error?.Error ?? $"the server answered with status {(int)response.StatusCode}; its log says why");
    }

    private OperatorException Broken(HttpRequestException error) => new(error.InnerException is SocketException
        ? $"no server is running on {_directory.Path}; start it with: keyhole-control serve --data {_directory.Path}"
        : $"the server on {_directory.Path} broke off: {error.Message}");

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancelled)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_directory.Socket), cancelled);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
