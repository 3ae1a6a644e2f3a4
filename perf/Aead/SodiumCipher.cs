using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Keyhole.Perf;

/// <summary>The second baseline: libsodium's one-call interface.</summary>
internal sealed unsafe partial class SodiumCipher
{
    private const string Library = "libsodium.so.23";

    private readonly byte* _key = (byte*)NativeMemory.AlignedAlloc(32, 64);

    internal SodiumCipher(ReadOnlySpan<byte> key)
    {
        _ = sodium_init();
        key.CopyTo(new Span<byte>(_key, 32));
    }

    internal static bool IsAvailable => NativeLibrary.TryLoad(Library, out _);

    [SkipLocalsInit]
    internal void Seal(ulong counter, byte* text, int length)
    {
        byte* nonce = stackalloc byte[12];
        *(uint*)nonce = 0;
        Unsafe.WriteUnaligned(nonce + 4, counter);
        ulong written;
        _ = crypto_aead_chacha20poly1305_ietf_encrypt(text, &written, text, (ulong)length, null, 0, null, nonce, _key);
    }

    [LibraryImport(Library)]
    private static partial int sodium_init();

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int crypto_aead_chacha20poly1305_ietf_encrypt(
        byte* sealedText, ulong* sealedLength, byte* plaintext, ulong plaintextLength, byte* aad, ulong aadLength, byte* secretNonce, byte* nonce, byte* key);
}
