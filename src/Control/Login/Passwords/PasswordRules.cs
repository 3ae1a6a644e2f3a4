using System.Text;

namespace Keyhole.Control;

/// <summary>Length over composition (NIST SP 800-63B-4 section 3.1.1.2): long enough, and not what is guessed first.</summary>
internal static class PasswordRules
{
    public const int MinimumLength = 12;
    public const int MaximumLength = 256;
    public const int LeastDistinct = 5;

    /// <summary>What is wrong with it, as a sentence for the user; null when nothing is.</summary>
    /// <param name="email">Empty where it is not known yet.</param>
    public static string? Problem(string password, string email)
    {
        if (password.EnumerateRunes().Count() < MinimumLength)
            return $"A password has at least {MinimumLength} characters; a few words make a good one.";
        if (password.Length > MaximumLength)
            return $"A password has at most {MaximumLength} characters.";
        if (password.Any(char.IsControl) || !IsWellFormed(password))
            return "A password holds no control characters.";
        if (password.EnumerateRunes().Distinct().Count() < LeastDistinct)
            return $"A password has at least {LeastDistinct} different characters.";
        if (IsRun(password))
            return "A password is no row of keys or letters.";
        string name = email.Split('@')[0];
        if ((email.Length > 0 && Rest(password, email) < MinimumLength / 2) || (name.Length >= 4 && Rest(password, name) < MinimumLength / 2))
            return "A password is not the e-mail address with a few characters more.";
        return null;
    }

    /// <summary>Whether the password can be looked at at all; checked before any work is done for it.</summary>
    public static bool IsPossible(string password) => password.Length is > 0 and <= MaximumLength && IsWellFormed(password);

    /// <summary>Unpaired surrogates would all become the same replacement character.</summary>
    private static bool IsWellFormed(string password) => !password.EnumerateRunes().Contains(Rune.ReplacementChar);

    private static int Rest(string password, string known) => password.Replace(known, "", StringComparison.OrdinalIgnoreCase).Length;

    private static bool IsRun(string password)
    {
        const string rows = "abcdefghijklmnopqrstuvwxyz 01234567890123456789 qwertyuiopasdfghjklzxcvbnm qwertzuiopasdfghjklyxcvbnm";
        string forwards = password.ToLowerInvariant();
        char[] backwards = forwards.ToCharArray();
        Array.Reverse(backwards);
        return rows.Contains(forwards, StringComparison.Ordinal) || rows.Contains(new string(backwards), StringComparison.Ordinal);
    }
}
