namespace Keyhole.Cryptography;

/// <summary>Argon2id version 1.3 with one lane (RFC 9106), for passwords at rest.</summary>
public static unsafe class Argon2id
{
    public const int SaltLength = 16;
    public const int LeastOutputLength = 16;
    public const int LeastMemoryKibibytes = 8;

    /// <summary>Fills <paramref name="output"/>. Takes as long as its parameters say and the memory while it runs.</summary>
    /// <param name="password">UTF-8; the caller zeroes it.</param>
    /// <param name="salt">16 bytes, random, stored beside the output.</param>
    /// <param name="memoryKibibytes">At least 8.</param>
    /// <param name="passCount">At least 1.</param>
    /// <param name="output">At least 16 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is below its least value.</exception>
    /// <exception cref="InsufficientMemoryException">The memory is not there.</exception>
    public static void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int memoryKibibytes, int passCount, Span<byte> output)
    {
        Throw.UnlessLength(salt.Length, SaltLength, nameof(salt));
        Throw.IfShorter(output.Length, LeastOutputLength, nameof(output));
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryKibibytes, LeastMemoryKibibytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(passCount, 1);
        Sodium.EnsureAvailable();
        nuint memoryLength = (nuint)memoryKibibytes * 1024;
        int status;
        fixed (byte* o = output, p = password, s = salt)
            status = Libsodium.crypto_pwhash_argon2id(o, (ulong)output.Length, p, (ulong)password.Length, s, (ulong)passCount, memoryLength, Libsodium.Argon2idAlgorithm13);
        if (status != 0)
            throw new InsufficientMemoryException($"Argon2id needs {memoryKibibytes} KiB.");
    }
}
