using System.Security.Cryptography;

namespace Keyhole.Control;

/// <summary>The code that a user types (RFC 8628 section 6.1): eight of twenty letters, which spell no words and are not mistaken for each other.</summary>
internal static class UserCode
{
    public const int Length = 8;

    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";

    public static string New() => RandomNumberGenerator.GetString(Letters, Length);

    /// <summary>For people: two groups.</summary>
    public static string Format(string code) => $"{code[..4]}-{code[4..]}";

    /// <summary>What the user typed, in the form in which codes are stored; null when it cannot be one.</summary>
    public static string? Parse(string text)
    {
        if (text.Length > 4 * Length)
            return null;
        string code = new([.. text.ToUpperInvariant().Where(letter => letter is not ('-' or ' '))]);
        return code.Length == Length && code.All(Letters.Contains) ? code : null;
    }
}
