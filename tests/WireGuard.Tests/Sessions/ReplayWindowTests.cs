using Xunit.Abstractions;

namespace Keyhole.WireGuard.Tests;

[Trait("Threat", "14")]
public class ReplayWindowTests(ITestOutputHelper output)
{
    public static TheoryData<int> Lengths => [ReplayWindow.StandardLength, ReplayWindow.LongLength, 64];

    [Fact]
    public void The_lengths_are_those_of_the_kernel_and_of_our_agents()
    {
        Assert.Equal(8128, ReplayWindow.StandardLength);
        Assert.Equal(65472, ReplayWindow.LongLength);
        Assert.True(ReplayWindow.IsLength(8128) && ReplayWindow.IsLength(65472) && ReplayWindow.IsLength(64));
        Assert.False(ReplayWindow.IsLength(8192) || ReplayWindow.IsLength(0) || ReplayWindow.IsLength(-64) || ReplayWindow.IsLength(8000) || ReplayWindow.IsLength(1 << 21));
    }

    /// <summary>The cases of the kernel's selftest/counter.c, with L as the window's length.</summary>
    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_table_of_the_kernel_holds(int length)
    {
        ulong l = (ulong)length;
        const ulong limit = 0xFFFF_FFFF_FFFF_DFFF;
        (ulong Counter, bool Accepted)[] table =
        [
            (0, true), (1, true), (1, false), (9, true), (8, true), (7, true), (7, false),
            (l, true), (l - 1, true), (l - 1, false), (l - 2, true), (2, true), (2, false),
            (l + 16, true), (3, false), (l + 16, false), (l * 4, true), (l * 4 - (l - 1), true), (10, false),
            (l * 4 - l, true), (l * 4 - (l + 1), false), (l * 4 - (l - 2), true), (l * 4 + 1 - l, false),
            (0, false), (limit - 1, true), (limit - 2, true), (limit - 2, false), (limit - 3, true), (0, false),
        ];
        var window = new ReplayWindow(length);
        for (int row = 0; row < table.Length; row++)
            Assert.True(window.TryAccept(table[row].Counter) == table[row].Accepted, $"row {row}: {table[row]}");
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Exactly_the_length_behind_is_accepted_and_one_more_is_not(int length)
    {
        var window = new ReplayWindow(length);
        Assert.True(window.TryAccept((ulong)length + 1));
        Assert.True(window.TryAccept(1));
        Assert.False(window.TryAccept(0));
        Assert.True(window.TryAccept(2));
        Assert.False(window.TryAccept(1));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_window_agrees_with_its_definition(int length)
    {
        int seed = Seed.Take(output);
        Assert.Null(FirstDisagreement(new ReplayWindow(length).TryAccept, length, seed));
    }

    /// <summary>The comparison above finds a window that is one too long, one too short, or that forgets to clear a block.</summary>
    [Fact]
    public void The_comparison_finds_broken_windows()
    {
        int seed = Seed.Take(output);
        Assert.NotNull(FirstDisagreement(new NaiveReplayWindow(ReplayWindow.StandardLength + 1).TryAccept, ReplayWindow.StandardLength, seed));
        Assert.NotNull(FirstDisagreement(new NaiveReplayWindow(ReplayWindow.StandardLength - 1).TryAccept, ReplayWindow.StandardLength, seed));
        Assert.NotNull(FirstDisagreement(new UnclearedWindow(ReplayWindow.StandardLength).TryAccept, ReplayWindow.StandardLength, seed));
    }

    /// <summary>Walks of the kinds that networks make: in order, near the edges, far jumps, repetitions.</summary>
    private static string? FirstDisagreement(Func<ulong, bool> tryAccept, int length, int seed)
    {
        var random = new Random(seed);
        var naive = new NaiveReplayWindow(length);
        ulong greatest = 0;
        for (int step = 0; step < 60_000; step++)
        {
            ulong counter = random.Next(10) switch
            {
                < 4 => greatest + (ulong)random.Next(1, 4),
                4 => greatest + (ulong)random.Next(length + 200),
                5 => greatest - Math.Min(greatest, (ulong)(length + random.Next(-2, 3))),
                6 when random.Next(50) == 0 => greatest + (ulong)random.Next(3 * length),
                _ => greatest - Math.Min(greatest, (ulong)random.Next(length + 2)),
            };
            bool expected = naive.TryAccept(counter);
            if (tryAccept(counter) != expected)
                return $"seed {seed}, step {step}: counter {counter}, greatest {greatest}, expected {expected}";
            greatest = Math.Max(greatest, counter);
        }

        return null;
    }

    private sealed class UnclearedWindow(int length)
    {
        private readonly ulong[] _ring = new ulong[(length + 64) / 64];
        private ulong _greatest;

        public bool TryAccept(ulong counter)
        {
            if (counter < _greatest && _greatest - counter > (ulong)length)
                return false;
            ulong greatestBlock = _greatest >> 6;
            _greatest = Math.Max(_greatest, counter);
            // Clears the block that is entered, but not those that were jumped over.
            if (counter >> 6 > greatestBlock)
                _ring[(counter >> 6) & (ulong)(_ring.Length - 1)] = 0;
            ref ulong bits = ref _ring[(counter >> 6) & (ulong)(_ring.Length - 1)];
            ulong bit = 1UL << (int)(counter & 63);
            bool fresh = (bits & bit) == 0;
            bits |= bit;
            return fresh;
        }
    }
}
