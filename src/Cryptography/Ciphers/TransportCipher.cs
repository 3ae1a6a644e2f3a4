using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Keyhole.Cryptography;

/// <summary>
/// ChaCha20-Poly1305 (RFC 8439) of WireGuard's transport packets: no associated data, in place. A subclass per instruction width;
/// callers have checked every length. <c>key</c> points at the twelve constant words of the ChaCha20 state (section 2.3: constants, key),
/// <c>text</c> at the plaintext with 16 bytes of room behind it, or at ciphertext and tag; <c>length</c> excludes the tag.
/// </summary>
internal abstract unsafe class TransportCipher
{
    internal const int KeyWordCount = 12;
    internal const int TagLength = 16;

    private const string PathVariable = "KEYHOLE_CIPHER";

    /// <summary>Chosen once per process: the widest that the processor has, or what <c>KEYHOLE_CIPHER</c> names.</summary>
    internal static TransportCipher Selected { get; } = Create(ChoosePath(Environment.GetEnvironmentVariable(PathVariable)));

    internal abstract CipherPath Path { get; }

    internal static TransportCipher Create(CipherPath path) => path switch
    {
        CipherPath.Scalar => new ScalarCipher(),
        CipherPath.Vector128 => new Vector128Cipher(),
        CipherPath.Vector256 => new Vector256Cipher(),
        _ => new Vector512Cipher(),
    };

    /// <exception cref="InvalidOperationException">The name is not that of a path.</exception>
    internal static CipherPath ChoosePath(string? name)
    {
        if (!string.IsNullOrEmpty(name))
        {
            return Enum.TryParse<CipherPath>(name, ignoreCase: true, out var path) && Enum.IsDefined(path) && !char.IsAsciiDigit(name[0])
                ? path
                : throw new InvalidOperationException($"{PathVariable}={name}: scalar, vector128, vector256 or vector512.");
        }
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported)
            return CipherPath.Vector512;
        if (Avx2.IsSupported)
            return CipherPath.Vector256;
        return Vector128.IsHardwareAccelerated ? CipherPath.Vector128 : CipherPath.Scalar;
    }

    internal abstract void Seal(uint* key, ulong counter, byte* text, int length);

    /// <summary>Leaves the ciphertext as it is when the tag is wrong.</summary>
    internal abstract bool Open(uint* key, ulong counter, byte* text, int length);

    internal virtual void SealBatch(uint* key, byte* buffer, ReadOnlySpan<TransportPacket> packets)
    {
        foreach (ref readonly var packet in packets)
            Seal(key, packet.Counter, buffer + packet.Offset, packet.Length);
    }

    /// <summary>Writes <see cref="TransportPacket.IsAuthentic"/> of every packet.</summary>
    internal virtual void OpenBatch(uint* key, byte* buffer, Span<TransportPacket> packets)
    {
        foreach (ref var packet in packets)
            packet.IsAuthentic = packet.Length >= TagLength && Open(key, packet.Counter, buffer + packet.Offset, packet.Length - TagLength);
    }

    /// <summary>Compares 16 bytes in fixed time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static bool TagsEqual(byte* one, byte* other) => (Vector128.Load(one) ^ Vector128.Load(other)) == Vector128<byte>.Zero;
}
