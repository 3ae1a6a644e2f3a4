using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>A provider's keys in a test's hands: signs what it is told to, the right and the wrong.</summary>
internal sealed class TokenForge : IDisposable
{
    public const string Issuer = "https://login.example";
    public const string ClientId = "keyhole";
    public const string Nonce = "the nonce of this login";

    public RSA Rsa { get; } = RSA.Create(2048);

    public ECDsa Curve { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static IdTokenExpectation Expectation { get; } = new(Issuer, ClientId, Nonce, "groups");

    public OpenIdKeys Keys => OpenIdKeys.Parse(Encoding.UTF8.GetBytes(new JsonObject { ["keys"] = new JsonArray(RsaKey("rsa"), CurveKey("curve")) }.ToJsonString()));

    public static JsonObject Claims(DateTimeOffset now) => new()
    {
        ["iss"] = Issuer,
        ["aud"] = ClientId,
        ["sub"] = "248289761001",
        ["nonce"] = Nonce,
        ["iat"] = now.ToUnixTimeSeconds(),
        ["exp"] = now.ToUnixTimeSeconds() + 300,
        ["email"] = "ann@acme.example",
        ["email_verified"] = true,
        ["groups"] = new JsonArray("staff", "vpn"),
    };

    public JsonObject RsaKey(string? id, string? algorithm = null)
    {
        var key = Rsa.ExportParameters(false);
        return Clean(new JsonObject { ["kty"] = "RSA", ["kid"] = id, ["alg"] = algorithm, ["use"] = "sig", ["n"] = Base64Url.EncodeToString(key.Modulus), ["e"] = Base64Url.EncodeToString(key.Exponent) });
    }

    public JsonObject CurveKey(string? id)
    {
        var key = Curve.ExportParameters(false);
        return Clean(new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = id, ["x"] = Base64Url.EncodeToString(key.Q.X), ["y"] = Base64Url.EncodeToString(key.Q.Y) });
    }

    /// <summary>A token with a right signature, unless the algorithm is one that nobody should accept.</summary>
    public string Sign(JsonObject claims, string algorithm = "RS256", string? keyId = "rsa", Action<JsonObject>? header = null)
    {
        var head = Clean(new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = keyId });
        header?.Invoke(head);
        string signed = $"{Encode(head)}.{Encode(claims)}";
        byte[] bytes = Encoding.ASCII.GetBytes(signed);
        byte[] signature = algorithm switch
        {
            "RS256" => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "RS384" => Rsa.SignData(bytes, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
            "ES256" => Curve.SignData(bytes, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            // The classic confusion: the public key, which everybody knows, as the secret of an HMAC.
            "HS256" => HMACSHA256.HashData(Rsa.ExportSubjectPublicKeyInfo(), bytes),
            _ => [],
        };
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose()
    {
        Rsa.Dispose();
        Curve.Dispose();
    }

    public static string Encode(JsonNode json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));

    private static JsonObject Clean(JsonObject json)
    {
        foreach (string name in json.Where(pair => pair.Value is null).Select(pair => pair.Key).ToList())
            json.Remove(name);
        return json;
    }
}
