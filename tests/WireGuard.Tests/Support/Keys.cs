using Keyhole.Cryptography;

namespace Keyhole.WireGuard.Tests;

/// <summary>Public keys of peers that never speak.</summary>
internal static class Keys
{
    public static PublicKey[] Silent(int count)
    {
        var random = new SeededRandom(count);
        Span<byte> bytes = stackalloc byte[PublicKey.Length];
        var keys = new PublicKey[count];
        for (int i = 0; i < count; i++)
        {
            random.Fill(bytes);
            keys[i] = new PublicKey(bytes);
        }

        return keys;
    }
}
