using Xunit.Abstractions;

namespace Keyhole.Cryptography.Tests;

/// <summary>Randomness that prints its seed and takes it back from KEYHOLE_SEED.</summary>
internal sealed class SeededRandom : RandomSource
{
    private readonly Random _random;

    internal SeededRandom(ITestOutputHelper output)
    {
        int seed = TestSeed.Next();
        output.WriteLine($"KEYHOLE_SEED={seed}");
        _random = new Random(seed);
    }

    public override void Fill(Span<byte> destination) => _random.NextBytes(destination);

    internal byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    internal int Next(int below) => _random.Next(below);

    internal ulong Counter() => (ulong)_random.NextInt64() * 2 + (ulong)_random.Next(2);
}
