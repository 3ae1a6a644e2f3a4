using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>
/// What opens an account whose second factor is lost: ten codes of 80 bits, each good once. So many bits need no slow hash.
/// </summary>
internal static class RecoveryCodes
{
    public const int Count = 10;

    private const int Length = 16;
    private const int GroupLength = 4;
    private const string Letters = "abcdefghijkmnpqrstuvwxyz23456789";

    public static IReadOnlyList<string> New() => [.. Enumerable.Range(0, Count).Select(_ =>
        string.Join('-', RandomNumberGenerator.GetString(Letters, Length).Chunk(GroupLength).Select(group => new string(group))))];

    /// <summary>As stored; null when the text cannot be such a code. Case, spaces and dashes do not matter.</summary>
    public static string? Hash(long account, string code)
    {
        if (code.Length > 4 * Length)
            return null;
        string plain = code.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
        return plain.Length == Length && plain.All(Letters.Contains)
            ? Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes($"recovery {account} {plain}")))
            : null;
    }
}
