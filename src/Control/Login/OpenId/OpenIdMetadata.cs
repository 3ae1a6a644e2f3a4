using System.Text.Json;

namespace Keyhole.Control;

/// <summary>What a provider says about itself (OpenID Connect Discovery 1.0 section 3), checked.</summary>
internal sealed record OpenIdMetadata(string Issuer, Uri Authorization, Uri Token, Uri Keys, bool SendsIssuer, bool PostsSecret)
{
    /// <exception cref="OpenIdException">It is not that of the issuer, or lacks what is needed.</exception>
    public static OpenIdMetadata Parse(byte[] json, Uri issuer)
    {
        using var document = OpenIdJson.Parse(json, "discovery document");
        var root = document.RootElement;
        string said = OpenIdJson.Text(root, "issuer") ?? throw new OpenIdException("the discovery document names no issuer");
        // Section 4.3: any other issuer would let one provider speak for another.
        if (!string.Equals(said, issuer.OriginalString, StringComparison.Ordinal))
            throw new OpenIdException("the discovery document is that of another issuer");
        var methods = OpenIdJson.List(root, "token_endpoint_auth_methods_supported");
        return new OpenIdMetadata(
            said,
            Endpoint(root, "authorization_endpoint", issuer),
            Endpoint(root, "token_endpoint", issuer),
            Endpoint(root, "jwks_uri", issuer),
            root.TryGetProperty("authorization_response_iss_parameter_supported", out var sends) && sends.ValueKind == JsonValueKind.True,
            methods is not null && !methods.Contains("client_secret_basic") && methods.Contains("client_secret_post"));
    }

    /// <summary>Whether a provider may be spoken to at this address: HTTPS, or this machine.</summary>
    public static bool IsSafe(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);

    private static Uri Endpoint(JsonElement root, string name, Uri issuer)
    {
        if (OpenIdJson.Text(root, name) is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || !IsSafe(uri) || uri.UserInfo.Length != 0)
            throw new OpenIdException($"the discovery document has no usable {name}");
        // A provider on the internet has no business on this machine.
        if (uri.IsLoopback && !issuer.IsLoopback)
            throw new OpenIdException($"the discovery document has no usable {name}");
        return uri;
    }
}
