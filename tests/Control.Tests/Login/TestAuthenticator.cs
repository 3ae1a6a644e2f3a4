using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Keyhole.Control.Tests;

/// <summary>A passkey in software: makes and uses one credential as WebAuthn level 3 sections 6.3.2, 6.3.3 and 6.5 say, with attestation "none".</summary>
internal sealed class TestAuthenticator(string origin) : IDisposable
{
    private const byte UserPresent = 0x01;
    private const byte UserVerified = 0x04;
    private const byte AttestedCredential = 0x40;

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _id = RandomNumberGenerator.GetBytes(32);

    public uint Counter { get; set; } = 1;

    /// <summary>Whether the user shows that it is them, by a finger or a PIN.</summary>
    public bool Verifies { get; set; } = true;

    public string UserHandle { get; set; } = "";

    /// <summary>Answers navigator.credentials.create.</summary>
    public JsonObject Create(JsonNode options, string? from = null)
    {
        UserHandle = (string)options["user"]!["id"]!;
        byte[] data = AuthenticatorData((string)options["rp"]!["id"]!, attested: true);
        byte[] attestation = [0xA3, .. Text("fmt"), .. Text("none"), .. Text("attStmt"), 0xA0, .. Text("authData"), .. Bytes(data)];
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Encode(ClientData("webauthn.create", options, from)),
            ["attestationObject"] = Encode(attestation),
            ["transports"] = new JsonArray("internal"),
        });
    }

    /// <summary>Answers navigator.credentials.get.</summary>
    public JsonObject Get(JsonNode options, string? from = null)
    {
        Counter++;
        byte[] data = AuthenticatorData((string)options["rpId"]!, attested: false);
        byte[] client = ClientData("webauthn.get", options, from);
        byte[] signature = _key.SignData([.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Encode(client),
            ["authenticatorData"] = Encode(data),
            ["signature"] = Encode(signature),
            ["userHandle"] = UserHandle,
        });
    }

    public void Dispose() => _key.Dispose();

    private JsonObject Credential(JsonObject response) => new()
    {
        ["id"] = Encode(_id),
        ["rawId"] = Encode(_id),
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = response,
    };

    private byte[] ClientData(string type, JsonNode options, string? from) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["type"] = type,
        ["challenge"] = (string)options["challenge"]!,
        ["origin"] = from ?? origin,
        ["crossOrigin"] = false,
    }.ToJsonString());

    private byte[] AuthenticatorData(string party, bool attested)
    {
        byte flags = (byte)(UserPresent | (Verifies ? UserVerified : 0) | (attested ? AttestedCredential : 0));
        byte[] counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        byte[] head = [.. SHA256.HashData(Encoding.UTF8.GetBytes(party)), flags, .. counter];
        return attested ? [.. head, .. new byte[16], 0, (byte)_id.Length, .. _id, .. CoseKey()] : head;
    }

    /// <summary>RFC 9053 section 7.1: EC2, ES256, P-256, x and y.</summary>
    private byte[] CoseKey()
    {
        var point = _key.ExportParameters(false).Q;
        return [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, .. Bytes(point.X!), 0x22, .. Bytes(point.Y!)];
    }

    /// <summary>A text string of CBOR (RFC 8949 section 3.1), shorter than 24 bytes.</summary>
    private static byte[] Text(string text) => [(byte)(0x60 | text.Length), .. Encoding.ASCII.GetBytes(text)];

    /// <summary>A byte string of CBOR, shorter than 256 bytes.</summary>
    private static byte[] Bytes(byte[] bytes) => [0x58, (byte)bytes.Length, .. bytes];

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
