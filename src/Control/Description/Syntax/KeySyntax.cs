namespace Keyhole.Control;

/// <summary>Public keys as WireGuard writes them: base64 of 32 bytes, 44 characters.</summary>
internal static class KeySyntax
{
    public const int Length = 32;
    private const int TextLength = 44;

    public static bool IsPublicKey(string? text)
    {
        Span<byte> key = stackalloc byte[Length];
        // Only one of the texts that decode to a key is its name; an all-zero key is a point that agrees with nobody.
        return text is { Length: TextLength } && Convert.TryFromBase64String(text, key, out int length) && length == Length
            && key.IndexOfAnyExcept((byte)0) >= 0 && Convert.ToBase64String(key) == text;
    }
}
