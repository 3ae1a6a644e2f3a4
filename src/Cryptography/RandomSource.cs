using System.Buffers.Binary;

namespace Keyhole.Cryptography;

/// <summary>Randomness as an argument: the programs pass <see cref="System"/>, tests pass a seeded one.</summary>
public abstract class RandomSource
{
    /// <summary>The operating system's generator.</summary>
    public static RandomSource System { get; } = new SystemRandomSource();

    /// <summary>Fills the whole span with bytes that nobody can predict.</summary>
    public abstract void Fill(Span<byte> destination);

    /// <summary>64 such bits.</summary>
    public ulong NextUInt64()
    {
        Span<byte> bits = stackalloc byte[sizeof(ulong)];
        Fill(bits);
        return BinaryPrimitives.ReadUInt64LittleEndian(bits);
    }

    private sealed class SystemRandomSource : RandomSource
    {
        public override void Fill(Span<byte> destination) => global::System.Security.Cryptography.RandomNumberGenerator.Fill(destination);
    }
}
