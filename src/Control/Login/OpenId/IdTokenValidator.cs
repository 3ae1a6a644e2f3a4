using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Keyhole.Control;

/// <summary>The checks of OpenID Connect Core 1.0 section 3.1.3.7 and RFC 8725. The token chooses neither its key's place nor an algorithm outside the list.</summary>
internal static class IdTokenValidator
{
    public const int MaximumLength = 16 * 1024;

    private const int MaximumRoles = 256;
    private const int MaximumText = 255;

    private static readonly string[] Algorithms = ["RS256", "PS256", "ES256"];

    /// <summary>How far apart the two clocks may be.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    /// <summary>An ID token answers a question of this moment, whatever its expiry says.</summary>
    private static readonly TimeSpan LongestAge = TimeSpan.FromMinutes(15);

    /// <summary>The kid of a token's header, before anything is checked: says only whether the keys should be fetched again.</summary>
    /// <exception cref="OpenIdException">The token is none.</exception>
    public static string? KeyIdOf(string token)
    {
        using var header = OpenIdJson.Parse(Split(token).Header, "header of the ID token");
        return OpenIdJson.Text(header.RootElement, "kid");
    }

    /// <exception cref="OpenIdException">The token is not to be believed; the message says which check failed.</exception>
    public static IdToken Validate(string token, OpenIdKeys keys, IdTokenExpectation expected, DateTimeOffset now)
    {
        var (headerBytes, payload, signed, signature) = Split(token);
        using (var header = OpenIdJson.Parse(headerBytes, "header of the ID token"))
            CheckSignature(header.RootElement, keys, signed, signature);
        using var claims = OpenIdJson.Parse(payload, "ID token");
        return Check(claims.RootElement, expected, now);
    }

    private static void CheckSignature(JsonElement header, OpenIdKeys keys, byte[] signed, byte[] signature)
    {
        string? algorithm = OpenIdJson.Text(header, "alg");
        if (!Algorithms.Contains(algorithm, StringComparer.Ordinal))
            throw new OpenIdException("the ID token is signed with an algorithm that is not accepted");
        // RFC 7515 section 4.1.11: an extension that is not understood makes the token invalid.
        if (header.TryGetProperty("crit", out _))
            throw new OpenIdException("the ID token demands an extension");
        string? id = null;
        if (header.TryGetProperty("kid", out var kid))
            id = kid.ValueKind == JsonValueKind.String ? kid.GetString() : throw new OpenIdException("the ID token names no key");
        if (!keys.Find(id, algorithm!).Any(key => key.Verify(algorithm!, signed, signature)))
            throw new OpenIdException("the ID token is not signed by the provider");
    }

    private static IdToken Check(JsonElement claims, IdTokenExpectation expected, DateTimeOffset now)
    {
        if (OpenIdJson.Text(claims, "iss") != expected.Issuer)
            throw new OpenIdException("the ID token is that of another issuer");
        var audience = OpenIdJson.List(claims, "aud");
        if (audience is null || !audience.Contains(expected.ClientId, StringComparer.Ordinal))
            throw new OpenIdException("the ID token is for another client");
        bool hasParty = claims.TryGetProperty("azp", out _);
        if ((audience.Count > 1 || hasParty) && OpenIdJson.Text(claims, "azp") != expected.ClientId)
            throw new OpenIdException("the ID token was issued to another client");
        if (OpenIdJson.Time(claims, "exp") is not { } expires || now - Skew >= expires)
            throw new OpenIdException("the ID token has expired");
        if (OpenIdJson.Time(claims, "iat") is not { } issued || issued > now + Skew || now - issued > LongestAge)
            throw new OpenIdException("the ID token was not issued just now");
        if (claims.TryGetProperty("nbf", out _) && (OpenIdJson.Time(claims, "nbf") is not { } begins || begins > now + Skew))
            throw new OpenIdException("the ID token is not valid yet");
        if (OpenIdJson.Text(claims, "nonce") is not { } nonce
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(nonce), Encoding.UTF8.GetBytes(expected.Nonce)))
            throw new OpenIdException("the ID token answers another login");
        if (OpenIdJson.Text(claims, "sub") is not { Length: > 0 and <= MaximumText } subject)
            throw new OpenIdException("the ID token names nobody");
        return new IdToken(subject, VerifiedEmail(claims), Roles(claims, expected.RoleClaim));
    }

    private static string? VerifiedEmail(JsonElement claims) =>
        claims.TryGetProperty("email_verified", out var verified) && verified.ValueKind == JsonValueKind.True
        && OpenIdJson.Text(claims, "email") is { Length: > 0 and <= MaximumText } email
            ? email
            : null;

    private static IReadOnlyList<string> Roles(JsonElement claims, string? name) =>
        name is not null && OpenIdJson.List(claims, name) is { Count: <= MaximumRoles } roles ? roles : [];

    private static (byte[] Header, byte[] Payload, byte[] Signed, byte[] Signature) Split(string token)
    {
        if (token.Length <= MaximumLength && token.Split('.') is [var header, var payload, var signature]
            && Base64Url.IsValid(header) && Base64Url.IsValid(payload) && Base64Url.IsValid(signature))
        {
            return (
                Base64Url.DecodeFromChars(header), Base64Url.DecodeFromChars(payload),
                Encoding.ASCII.GetBytes(token, 0, header.Length + 1 + payload.Length), Base64Url.DecodeFromChars(signature));
        }

        throw new OpenIdException("the ID token is no signed token");
    }
}
