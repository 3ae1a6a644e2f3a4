using System.Security.Cryptography;
using System.Text;
using Keyhole.Cryptography;

namespace Keyhole.SshHost;

/// <summary>
/// Shows a daemon which connector a request is from: HMAC-SHA256 under what connector and daemon alone agree on (X25519), over the request and the daemon's TLS key. The
/// pre-shared key is on every host of a site; this is not.
/// </summary>
internal static class RequestProof
{
    /// <summary>The connector's WireGuard public key in base64.</summary>
    public const string ConnectorHeader = "keyhole-connector";

    /// <summary>In base64.</summary>
    public const string ProofHeader = "keyhole-proof";

    /// <param name="own">The connector's key at the connector, the daemon's at the daemon.</param>
    /// <param name="target">Of the request line.</param>
    /// <param name="subject">The SubjectPublicKeyInfo of the daemon's certificate in DER.</param>
    /// <returns>32 bytes; null when nothing can be agreed on with the other key.</returns>
    public static byte[]? Make(PrivateKey own, in PublicKey other, string method, string target, ReadOnlySpan<byte> body, ReadOnlySpan<byte> subject)
    {
        Span<byte> shared = stackalloc byte[PrivateKey.Length];
        try
        {
            // Neither method nor target holds a space or the end of a line.
            return !own.TryAgree(other, shared) ? null
                : HMACSHA256.HashData(shared, (byte[])[.. "keyhole auth daemon request"u8, .. Encoding.ASCII.GetBytes($" {method} {target}\n"), .. SHA256.HashData(body), .. subject]);
        }
        finally
        {
            Zero.Fill(shared);
        }
    }

    /// <returns>The connector's public key in base64; null when the request does not show that it is from there.</returns>
    public static string? Check(HttpRequest request, ReadOnlySpan<byte> body, DaemonCertificate daemon)
    {
        string connector = request.Header(ConnectorHeader);
        Span<byte> proof = stackalloc byte[HMACSHA256.HashSizeInBytes + 1];
        return PublicKey.TryParse(connector, out var key) && Convert.TryFromBase64String(request.Header(ProofHeader), proof, out int length)
            && Make(daemon.Exchange, key, request.Method, request.Target, body, daemon.Subject) is { } expected && FixedTime.Equals(expected, proof[..length])
            ? key.ToString() : null;
    }
}
