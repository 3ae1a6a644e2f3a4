using System.Net.Http.Headers;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// The relying party of OpenID Connect: authorization code with PKCE (RFC 6749, 7636), discovery, and the answer's issuer
/// against mix-up (RFC 9207). Follows no redirect, waits and reads within limits.
/// </summary>
internal sealed class OpenIdClient : IDisposable
{
    private const int MaximumAnswer = 256 * 1024;
    private const int MaximumCode = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MetadataLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeysAtMostEvery = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);

    public OpenIdClient(TimeProvider time)
    {
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = Patience,
            MaxResponseHeadersLength = 32,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        _http = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaximumAnswer };
    }

    /// <summary>Where the browser goes to log in.</summary>
    /// <exception cref="OpenIdException">The provider does not answer, or not as it should.</exception>
    public async Task<Uri> BeginAsync(OpenIdProvider provider, OpenIdLogin login, Uri callback, CancellationToken cancel)
    {
        var metadata = (await KnowAsync(provider, cancel)).Metadata;
        var query = new Dictionary<string, string>
        {
            ["response_type"] = "code",
            ["client_id"] = provider.ClientId,
            ["redirect_uri"] = callback.AbsoluteUri,
            ["scope"] = "openid email",
            ["state"] = login.State,
            ["nonce"] = login.Nonce,
            ["code_challenge"] = login.Challenge,
            ["code_challenge_method"] = "S256",
        };
        string text = string.Join('&', query.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        return new UriBuilder(metadata.Authorization) { Query = metadata.Authorization.Query.Length > 1 ? $"{metadata.Authorization.Query[1..]}&{text}" : text }.Uri;
    }

    /// <summary>Who came back from the provider.</summary>
    /// <param name="issuer">The iss parameter of the answer, or null.</param>
    /// <exception cref="OpenIdException">The answer is not to be believed.</exception>
    public async Task<IdToken> CompleteAsync(OpenIdProvider provider, OpenIdLogin login, Uri callback, string code, string? issuer, CancellationToken cancel)
    {
        var known = await KnowAsync(provider, cancel);
        if (code.Length is 0 or > MaximumCode)
            throw new OpenIdException("the provider sent no code");
        if (issuer is null ? known.Metadata.SendsIssuer : issuer != known.Metadata.Issuer)
            throw new OpenIdException("the answer is that of another issuer");
        string token = await ExchangeAsync(provider, known.Metadata, login, callback, code, cancel);
        var keys = known.Keys;
        if (!keys.Holds(IdTokenValidator.KeyIdOf(token)))
            keys = await RenewKeysAsync(provider, cancel);
        return IdTokenValidator.Validate(token, keys, new IdTokenExpectation(known.Metadata.Issuer, provider.ClientId, login.Nonce, provider.RoleClaim), _time.GetUtcNow());
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> ExchangeAsync(OpenIdProvider provider, OpenIdMetadata metadata, OpenIdLogin login, Uri callback, string code, CancellationToken cancel)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = callback.AbsoluteUri,
            ["code_verifier"] = login.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, metadata.Token);
        if (provider.ClientSecret is null || metadata.PostsSecret)
            form["client_id"] = provider.ClientId;
        if (provider.ClientSecret is { } secret && metadata.PostsSecret)
            form["client_secret"] = secret;
        else if (provider.ClientSecret is { } basic)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Basic(provider.ClientId, basic));
        request.Content = new FormUrlEncodedContent(form);
        using var answer = OpenIdJson.Parse(await SendAsync(request, "token endpoint", cancel), "answer of the token endpoint");
        return OpenIdJson.Text(answer.RootElement, "id_token") ?? throw new OpenIdException("the token endpoint gave no ID token");
    }

    /// <summary>RFC 6749 section 2.3.1: both halves are form-encoded first.</summary>
    private static string Basic(string id, string secret) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}"));

    private async Task<Known> KnowAsync(OpenIdProvider provider, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(provider.IssuerText, out var known) && _time.GetUtcNow() - known.At < MetadataLife)
                return known;
        }

        var document = new Uri($"{provider.IssuerText.TrimEnd('/')}/.well-known/openid-configuration");
        var metadata = OpenIdMetadata.Parse(await GetAsync(document, "discovery document", cancel), provider.Issuer);
        var keys = OpenIdKeys.Parse(await GetAsync(metadata.Keys, "key set", cancel));
        var now = _time.GetUtcNow();
        return Remember(provider, new Known(metadata, keys, now, now));
    }

    /// <summary>A key that is not known may be a new one; but not every forged token is worth a request.</summary>
    private async Task<OpenIdKeys> RenewKeysAsync(OpenIdProvider provider, CancellationToken cancel)
    {
        var known = await KnowAsync(provider, cancel);
        if (_time.GetUtcNow() - known.KeysAt < KeysAtMostEvery)
            return known.Keys;
        var keys = OpenIdKeys.Parse(await GetAsync(known.Metadata.Keys, "key set", cancel));
        return Remember(provider, known with { Keys = keys, KeysAt = _time.GetUtcNow() }).Keys;
    }

    private Known Remember(OpenIdProvider provider, Known known)
    {
        lock (_lock)
            return _known[provider.IssuerText] = known;
    }

    private async Task<byte[]> GetAsync(Uri uri, string what, CancellationToken cancel)
    {
        if (!OpenIdMetadata.IsSafe(uri))
            throw new OpenIdException($"the {what} is not behind HTTPS");
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        return await SendAsync(request, what, cancel);
    }

    private async Task<byte[]> SendAsync(HttpRequestMessage request, string what, CancellationToken cancel)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
            return response.StatusCode == System.Net.HttpStatusCode.OK
                ? await response.Content.ReadAsByteArrayAsync(cancel)
                : throw new OpenIdException($"the {what} of the provider answers {(int)response.StatusCode}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            throw new OpenIdException($"the {what} of the provider cannot be read: {(error is TaskCanceledException ? "no answer in time" : error.Message)}");
        }
    }

    private sealed record Known(OpenIdMetadata Metadata, OpenIdKeys Keys, DateTimeOffset At, DateTimeOffset KeysAt);
}
