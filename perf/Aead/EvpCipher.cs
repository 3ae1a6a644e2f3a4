using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Keyhole.Perf;

/// <summary>The baseline: OpenSSL's EVP ChaCha20-Poly1305 with one context per direction that keeps its key, as fast as its interface allows.</summary>
internal sealed unsafe partial class EvpCipher
{
    private const string Library = "libcrypto.so.3";
    private const int GetTag = 0x10;
    private const int SetTag = 0x11;
    private const int TagLength = 16;

    private readonly nint _seal = EVP_CIPHER_CTX_new();
    private readonly nint _open = EVP_CIPHER_CTX_new();

    internal EvpCipher(ReadOnlySpan<byte> key)
    {
        fixed (byte* k = key)
        {
            Check(EVP_EncryptInit_ex(_seal, EVP_chacha20_poly1305(), 0, k, null));
            Check(EVP_DecryptInit_ex(_open, EVP_chacha20_poly1305(), 0, k, null));
        }
    }

    internal static bool IsAvailable => NativeLibrary.TryLoad(Library, out _);

    /// <summary>For example "OpenSSL 3.0.17 1 Jul 2025".</summary>
    internal static string Version => Marshal.PtrToStringUTF8(OpenSSL_version(0)) ?? "unknown";

    [SkipLocalsInit]
    internal void Seal(ulong counter, byte* text, int length)
    {
        byte* nonce = stackalloc byte[12];
        *(uint*)nonce = 0;
        Unsafe.WriteUnaligned(nonce + 4, counter);
        int written;
        _ = EVP_EncryptInit_ex(_seal, 0, 0, null, nonce);
        _ = EVP_EncryptUpdate(_seal, text, &written, text, length);
        _ = EVP_EncryptFinal_ex(_seal, text + length, &written);
        _ = EVP_CIPHER_CTX_ctrl(_seal, GetTag, TagLength, text + length);
    }

    [SkipLocalsInit]
    internal bool Open(ulong counter, byte* text, int length)
    {
        byte* nonce = stackalloc byte[12];
        *(uint*)nonce = 0;
        Unsafe.WriteUnaligned(nonce + 4, counter);
        int written;
        _ = EVP_DecryptInit_ex(_open, 0, 0, null, nonce);
        _ = EVP_CIPHER_CTX_ctrl(_open, SetTag, TagLength, text + length);
        _ = EVP_DecryptUpdate(_open, text, &written, text, length);
        return EVP_DecryptFinal_ex(_open, text + length, &written) == 1;
    }

    private static void Check(int status)
    {
        if (status != 1)
            throw new InvalidOperationException("OpenSSL refuses ChaCha20-Poly1305.");
    }

    [LibraryImport(Library)]
    private static partial nint OpenSSL_version(int what);

    [LibraryImport(Library)]
    private static partial nint EVP_CIPHER_CTX_new();

    [LibraryImport(Library)]
    private static partial nint EVP_chacha20_poly1305();

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* nonce);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_EncryptUpdate(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_EncryptFinal_ex(nint context, byte* output, int* written);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_DecryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* nonce);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_DecryptUpdate(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_DecryptFinal_ex(nint context, byte* output, int* written);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial int EVP_CIPHER_CTX_ctrl(nint context, int type, int argument, void* pointer);
}
