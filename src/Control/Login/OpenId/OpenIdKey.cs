using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Keyhole.Control;

/// <summary>A public key of a provider (RFC 7517) and the one family of algorithms that it is good for.</summary>
internal sealed class OpenIdKey
{
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 8192;
    private const int P256Length = 32;

    private readonly RSAParameters _rsa;
    private readonly ECParameters _curve;
    private readonly string? _algorithm;

    private OpenIdKey(string type, string? id, string? algorithm, RSAParameters rsa, ECParameters curve)
    {
        Type = type;
        Id = id;
        _algorithm = algorithm;
        _rsa = rsa;
        _curve = curve;
    }

    /// <summary>kty: RSA or EC.</summary>
    public string Type { get; }

    /// <summary>kid.</summary>
    public string? Id { get; }

    /// <summary>The key of a JWK; null when it is of no use here: symmetric, for encryption, too short, of another curve, or broken.</summary>
    public static OpenIdKey? Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || (OpenIdJson.Text(json, "use") ?? "sig") != "sig")
            return null;
        string? id = OpenIdJson.Text(json, "kid"), algorithm = OpenIdJson.Text(json, "alg");
        switch (OpenIdJson.Text(json, "kty"))
        {
            case "RSA" when Bytes(json, "n") is { } modulus && Bytes(json, "e") is { Length: > 0 } exponent:
                int bits = modulus.AsSpan().TrimStart((byte)0).Length * 8;
                return bits is >= LeastRsaBits and <= MostRsaBits
                    ? new OpenIdKey("RSA", id, algorithm, new RSAParameters { Modulus = modulus, Exponent = exponent }, default)
                    : null;
            case "EC" when OpenIdJson.Text(json, "crv") == "P-256" && Bytes(json, "x") is { Length: P256Length } x && Bytes(json, "y") is { Length: P256Length } y:
                return new OpenIdKey("EC", id, algorithm, default, new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
            default:
                return null;
        }
    }

    /// <summary>Whether the key may check this algorithm: its type must fit, and its own alg where it has one.</summary>
    public bool Fits(string algorithm) =>
        (_algorithm is null || _algorithm == algorithm) && Type == (algorithm == "ES256" ? "EC" : "RSA");

    public bool Verify(string algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        try
        {
            if (algorithm == "ES256")
            {
                using var curve = ECDsa.Create(_curve);
                return curve.VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }

            using var rsa = RSA.Create(_rsa);
            return rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, algorithm == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            // A point that is not on the curve, or an exponent that is none.
            return false;
        }
    }

    private static byte[]? Bytes(JsonElement json, string name)
    {
        const int longest = 2 * MostRsaBits / 8;
        if (OpenIdJson.Text(json, name) is not { Length: > 0 and <= longest } text || !Base64Url.IsValid(text))
            return null;
        return Base64Url.DecodeFromChars(text);
    }
}
