using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>Random tokens of 256 bits that stand for somebody. Only their hash is stored: one SHA-256, since there is nothing to guess.</summary>
internal static class SessionToken
{
    /// <summary>Lets scanners for leaked secrets know one when they see it.</summary>
    public const string Prefix = "khs_";

    private const int Length = 32;
    private const int MaximumLength = 128;

    public static string New() => Prefix + Plain();

    /// <summary>The same without the prefix, for links and codes that stand for less than a session.</summary>
    public static string Plain() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Length));

    /// <summary>Base64 of its SHA-256; null for what is too long to be a token.</summary>
    public static string? Hash(string token) =>
        token.Length is 0 or > MaximumLength ? null : Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
