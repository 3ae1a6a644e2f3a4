namespace Keyhole.Cryptography.Tests;

internal static class Hex
{
    internal static byte[] Bytes(string text) => Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));

    internal static string Text(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>0, 1, 2 … as the published tables use it.</summary>
    internal static byte[] Ramp(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];
}
