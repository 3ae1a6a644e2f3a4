namespace Keyhole.Control;

/// <summary>Public keys as WireGuard writes them: base64 of 32 bytes, 44 characters.</summary>
internal static class KeySyntax
{
    public const int Length = 32;
    private const int TextLength = 44;

    public static bool IsPublicKey(string? text)
    {
        Span<byte> key = stackalloc byte[Length];
        // An all-zero key is a point that agrees with nobody.
        return TryDecode(text, key) && key.IndexOfAnyExcept((byte)0) >= 0;
    }

    /// <summary>A SHA-256 in the same form.</summary>
    public static bool IsDigest(string text) => TryDecode(text, stackalloc byte[Length]);

    /// <summary>Only one of the texts that decode to 32 bytes is their name.</summary>
    private static bool TryDecode(string? text, Span<byte> bytes) =>
        text is { Length: TextLength } && Convert.TryFromBase64String(text, bytes, out int length) && length == Length && Convert.ToBase64String(bytes) == text;
}
