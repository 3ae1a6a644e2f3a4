namespace Keyhole.Cryptography.Tests;

/// <summary>.NET's ChaCha20-Poly1305 with WireGuard's nonce: the oracle of the transport cipher.</summary>
internal static class Reference
{
    internal static byte[] Seal(byte[] key, ulong counter, ReadOnlySpan<byte> plaintext)
    {
        byte[] nonce = [0, 0, 0, 0, .. BitConverter.GetBytes(counter)];
        byte[] sealedText = new byte[plaintext.Length + 16];
        using var cipher = new System.Security.Cryptography.ChaCha20Poly1305(key);
        cipher.Encrypt(nonce, plaintext, sealedText.AsSpan(0, plaintext.Length), sealedText.AsSpan(plaintext.Length));
        return sealedText;
    }
}
