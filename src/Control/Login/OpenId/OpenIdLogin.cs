using System.Security.Cryptography;
using System.Text;
using System.Buffers.Text;
using System.Text.Json.Serialization;

namespace Keyhole.Control;

/// <summary>One login that is under way at a provider. It lives in a sealed cookie of the browser that began it.</summary>
/// <param name="State">Ties the answer to this browser.</param>
/// <param name="Nonce">Ties the ID token to this login.</param>
/// <param name="Verifier">PKCE (RFC 7636): ties the code to this login.</param>
/// <param name="Next">The local path to go on to.</param>
/// <param name="Expires">In Unix seconds.</param>
internal sealed record OpenIdLogin(string Provider, string State, string Nonce, string Verifier, string Next, long Expires)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    public static OpenIdLogin New(string provider, string next, DateTimeOffset now) =>
        new(provider, SessionToken.Plain(), SessionToken.Plain(), SessionToken.Plain(), next, (now + Life).ToUnixTimeSeconds());

    /// <summary>The S256 challenge of the verifier.</summary>
    [JsonIgnore]
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));
}
