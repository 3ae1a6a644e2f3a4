using Keyhole.Cryptography;

namespace Keyhole.Ssh.Tests;

internal sealed class SeededRandom(int seed) : RandomSource
{
    private readonly Random _random = new(seed);

    public override void Fill(Span<byte> destination) => _random.NextBytes(destination);
}
