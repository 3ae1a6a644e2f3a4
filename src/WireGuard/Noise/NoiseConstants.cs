using Keyhole.Cryptography;

namespace Keyhole.WireGuard;

/// <summary>The strings of the paper's section 5.4 and what follows from them alone.</summary>
internal static class NoiseConstants
{
    /// <summary>Of every hash, chaining key and symmetric key.</summary>
    public const int HashLength = 32;

    public static ReadOnlySpan<byte> Construction => "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"u8;

    public static ReadOnlySpan<byte> Identifier => "WireGuard v1 zx2c4 Jason@zx2c4.com"u8;

    public static ReadOnlySpan<byte> LabelMac1 => "mac1----"u8;

    public static ReadOnlySpan<byte> LabelCookie => "cookie--"u8;

    /// <summary>Hash(Construction).</summary>
    public static ReadOnlySpan<byte> InitialChainingKey => s_initialChainingKey;

    /// <summary>Hash(Hash(Construction) ‖ Identifier).</summary>
    public static ReadOnlySpan<byte> InitialHash => s_initialHash;

    private static readonly byte[] s_initialChainingKey = HashOf(Construction, []);

    private static readonly byte[] s_initialHash = HashOf(s_initialChainingKey, Identifier);

    private static byte[] HashOf(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        byte[] digest = new byte[HashLength];
        Blake2s.Hash(first, second, digest);
        return digest;
    }
}
