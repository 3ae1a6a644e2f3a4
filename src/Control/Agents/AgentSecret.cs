using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// IDs and secrets of agents. A secret is 256 random bits, so that one SHA-256 with the ID as salt is all the hash that it
/// needs: a slow hash protects what people choose, and there is nothing here to guess. It also keeps a flood of wrong
/// secrets cheap to refuse.
/// </summary>
internal static class AgentSecret
{
    /// <summary>Lets scanners for leaked secrets know one when they see it.</summary>
    public const string Prefix = "keyhole_";

    private const int SecretLength = 32;
    private const int IdLength = 12;
    private const int MaximumLength = 128;
    private const string IdLetters = "abcdefghijkmnpqrstuvwxyz23456789";

    public static string NewId(AgentKind kind) => $"{Names.Of(kind)}-{RandomNumberGenerator.GetString(IdLetters, IdLength)}";

    public static string NewSecret() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretLength));

    /// <summary>Base64 of SHA-256 over the ID, a zero byte, and the secret.</summary>
    public static string Hash(string id, string secret) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{id}\0{secret}")));

    /// <summary>Compares in fixed time.</summary>
    public static bool Matches(string hash, string id, string secret) =>
        secret.Length <= MaximumLength
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(Hash(id, secret)));
}
