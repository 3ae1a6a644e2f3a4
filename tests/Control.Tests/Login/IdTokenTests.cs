using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>What an attacker with a provider, a browser or a network of his own would send.</summary>
[Trait("Threat", "27")]
public sealed class IdTokenTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly TokenForge _forge = new();

    public void Dispose() => _forge.Dispose();

    [Theory]
    [InlineData("RS256", "rsa")]
    [InlineData("PS256", "rsa")]
    [InlineData("ES256", "curve")]
    [InlineData("RS256", null)]
    public void A_right_token_is_believed(string algorithm, string? keyId)
    {
        var token = Validate(_forge.Sign(TokenForge.Claims(Now), algorithm, keyId));
        Assert.Equal(("248289761001", "ann@acme.example"), (token.Subject, token.Email));
        Assert.Equal(["staff", "vpn"], token.Roles);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("RS384")]
    [InlineData("")]
    public void Other_algorithms_are_refused(string algorithm) => Refused("algorithm", _forge.Sign(TokenForge.Claims(Now), algorithm));

    [Fact]
    public void A_token_without_a_signature_is_refused()
    {
        string token = _forge.Sign(TokenForge.Claims(Now));
        Refused("not signed", token[..(token.LastIndexOf('.') + 1)]);
        Refused("no signed token", token[..token.LastIndexOf('.')]);
        Refused("no signed token", $"{token}.{token}");
        Refused("no signed token", new string('a', IdTokenValidator.MaximumLength + 1));
    }

    [Fact]
    public void The_signature_of_another_key_is_refused()
    {
        using var other = new TokenForge();
        Refused("not signed", other.Sign(TokenForge.Claims(Now)));
        Refused("not signed", other.Sign(TokenForge.Claims(Now), "ES256", "curve"));
        Refused("not signed", other.Sign(TokenForge.Claims(Now), keyId: null));
    }

    [Fact]
    public void A_key_is_used_for_what_it_is_for()
    {
        // The kid of the other type, an unknown one, and one that is a path.
        Refused("not signed", _forge.Sign(TokenForge.Claims(Now), "RS256", "curve"));
        Refused("not signed", _forge.Sign(TokenForge.Claims(Now), "ES256", "rsa"));
        Refused("not signed", _forge.Sign(TokenForge.Claims(Now), keyId: "../../rsa"));
        Refused("names no key", _forge.Sign(TokenForge.Claims(Now), header: head => head["kid"] = 7));

        var bound = Set(_forge.RsaKey("rsa", "PS256"));
        Assert.Throws<OpenIdException>(() => IdTokenValidator.Validate(_forge.Sign(TokenForge.Claims(Now)), bound, TokenForge.Expectation, Now));
        Assert.NotNull(IdTokenValidator.Validate(_forge.Sign(TokenForge.Claims(Now), "PS256"), bound, TokenForge.Expectation, Now));
    }

    [Fact]
    public void A_key_that_the_token_brings_along_is_not_looked_at()
    {
        using var other = new TokenForge();
        Refused("not signed", other.Sign(TokenForge.Claims(Now), header: head => head["jwk"] = other.RsaKey("rsa")));
        Refused("not signed", other.Sign(TokenForge.Claims(Now), header: head => head["jku"] = "https://mallory.example/keys"));
        Refused("extension", _forge.Sign(TokenForge.Claims(Now), header: head => head["crit"] = new JsonArray("b64")));
    }

    [Fact]
    public void Keys_that_are_symmetric_short_for_encryption_or_off_the_curve_check_nothing()
    {
        var symmetric = new JsonObject { ["kty"] = "oct", ["kid"] = "rsa", ["k"] = Base64Url.EncodeToString(_forge.Rsa.ExportSubjectPublicKeyInfo()) };
        using var small = RSA.Create(1024);
        var parameters = small.ExportParameters(false);
        var weak = new JsonObject { ["kty"] = "RSA", ["kid"] = "weak", ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent) };
        var encryption = _forge.RsaKey("enc");
        encryption["use"] = "enc";
        var off = _forge.CurveKey("off");
        off["x"] = Base64Url.EncodeToString(new byte[32]);
        var keys = Set(symmetric, weak, encryption, off);
        Assert.Empty(keys.Find("rsa", "RS256"));
        Assert.Empty(keys.Find("weak", "RS256"));
        Assert.Empty(keys.Find("enc", "RS256"));
        Assert.False(keys.Find("off", "ES256").Single().Verify("ES256", [1, 2, 3], new byte[64]));
    }

    [Fact]
    public void A_changed_claim_breaks_the_signature()
    {
        string[] parts = _forge.Sign(TokenForge.Claims(Now)).Split('.');
        var claims = TokenForge.Claims(Now);
        claims["sub"] = "somebody else";
        Refused("not signed", $"{parts[0]}.{TokenForge.Encode(claims)}.{parts[2]}");
    }

    [Theory]
    [InlineData("iss", "https://mallory.example", "another issuer")]
    [InlineData("iss", "https://login.example/", "another issuer")]
    [InlineData("iss", null, "another issuer")]
    [InlineData("aud", "another client", "another client")]
    [InlineData("aud", null, "another client")]
    [InlineData("azp", "another client", "another client")]
    [InlineData("nonce", "that of another login", "another login")]
    [InlineData("nonce", null, "another login")]
    [InlineData("sub", "", "nobody")]
    [InlineData("sub", null, "nobody")]
    [InlineData("exp", null, "expired")]
    [InlineData("iat", null, "just now")]
    public void Every_claim_must_be_that_of_this_login(string name, string? value, string reason)
    {
        var claims = TokenForge.Claims(Now);
        if (value is null)
            claims.Remove(name);
        else
            claims[name] = value;
        Refused(reason, _forge.Sign(claims));
    }

    [Theory]
    [InlineData("exp", -121, "expired")]
    [InlineData("iat", 121, "just now")]
    [InlineData("iat", -901, "just now")]
    [InlineData("nbf", 121, "not valid yet")]
    public void Times_are_checked_with_two_minutes_between_the_clocks(string name, int offset, string reason)
    {
        var claims = TokenForge.Claims(Now);
        claims[name] = Now.ToUnixTimeSeconds() + offset;
        Refused(reason, _forge.Sign(claims));
        claims[name] = Now.ToUnixTimeSeconds() + offset - Math.Sign(offset) * 2;
        Assert.NotNull(Validate(_forge.Sign(claims)));
    }

    [Fact]
    public void Several_audiences_need_us_as_the_authorized_party()
    {
        var claims = TokenForge.Claims(Now);
        claims["aud"] = new JsonArray(TokenForge.ClientId, "another client");
        Refused("another client", _forge.Sign(claims));
        claims["azp"] = TokenForge.ClientId;
        Assert.NotNull(Validate(_forge.Sign(claims)));
    }

    [Fact]
    public void An_address_that_the_provider_did_not_verify_is_no_address()
    {
        var claims = TokenForge.Claims(Now);
        claims["email_verified"] = "true";
        Assert.Null(Validate(_forge.Sign(claims)).Email);
        claims.Remove("email_verified");
        Assert.Null(Validate(_forge.Sign(claims)).Email);
    }

    [Fact]
    public void A_claim_that_occurs_twice_is_refused()
    {
        string header = TokenForge.Encode(new JsonObject { ["alg"] = "RS256", ["kid"] = "rsa" });
        string payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(TokenForge.Claims(Now).ToJsonString().Replace("{\"iss\"", "{\"sub\":\"x\",\"iss\"", StringComparison.Ordinal)));
        byte[] signature = _forge.Rsa.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Refused("no JSON", $"{header}.{payload}.{Base64Url.EncodeToString(signature)}");
    }

    [Theory]
    [InlineData("https://mallory.example", "https://login.example/auth", "another issuer")]
    [InlineData("https://login.example", "http://login.example/auth", "authorization_endpoint")]
    [InlineData("https://login.example", "https://127.0.0.1/auth", "authorization_endpoint")]
    [InlineData("https://login.example", "javascript:alert(1)", "authorization_endpoint")]
    public void A_discovery_document_speaks_for_its_own_issuer_over_HTTPS(string issuer, string authorization, string reason)
    {
        var document = new JsonObject
        {
            ["issuer"] = issuer,
            ["authorization_endpoint"] = authorization,
            ["token_endpoint"] = "https://login.example/token",
            ["jwks_uri"] = "https://login.example/keys",
        };
        var error = Assert.Throws<OpenIdException>(() => OpenIdMetadata.Parse(Encoding.UTF8.GetBytes(document.ToJsonString()), new Uri("https://login.example")));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        document["issuer"] = "https://login.example";
        document["authorization_endpoint"] = "https://login.example/auth";
        Assert.Equal("https://login.example", OpenIdMetadata.Parse(Encoding.UTF8.GetBytes(document.ToJsonString()), new Uri("https://login.example")).Issuer);
    }

    [Fact]
    public void Deep_or_endless_key_sets_are_refused()
    {
        string deep = $"{{\"keys\":{new string('[', 100)}{new string(']', 100)}}}";
        Assert.Throws<OpenIdException>(() => OpenIdKeys.Parse(Encoding.UTF8.GetBytes(deep)));
        Assert.Throws<OpenIdException>(() => Set([.. Enumerable.Range(0, 100).Select(i => _forge.RsaKey($"k{i}"))]));
    }

    private IdToken Validate(string token) => IdTokenValidator.Validate(token, _forge.Keys, TokenForge.Expectation, Now);

    private void Refused(string reason, string token) =>
        Assert.Contains(reason, Assert.Throws<OpenIdException>(() => Validate(token)).Message, StringComparison.Ordinal);

    private static OpenIdKeys Set(params JsonObject[] keys) =>
        OpenIdKeys.Parse(Encoding.UTF8.GetBytes(new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString()));
}
