using System.Security.Cryptography;

namespace Keyhole.Cryptography;

/// <summary>Overwrites secrets in a way that the compiler may not leave out.</summary>
public static class Zero
{
    public static void Fill(Span<byte> secret) => CryptographicOperations.ZeroMemory(secret);
}
