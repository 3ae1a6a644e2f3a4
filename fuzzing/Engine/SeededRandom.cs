using Keyhole.Cryptography;

namespace Keyhole.Fuzz;

/// <summary>Randomness that an input alone decides.</summary>
internal sealed class SeededRandom(int seed) : RandomSource
{
    private readonly Random _random = new(seed);

    public override void Fill(Span<byte> destination) => _random.NextBytes(destination);
}
