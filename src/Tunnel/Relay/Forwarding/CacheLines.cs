using System.Runtime.InteropServices;

namespace Keyhole.Tunnel;

/// <summary>
/// Words of which eight share a cache line, at places that a reader computes: what stands in one line costs one trip to memory. The arrays are pinned, since one
/// that moves would not stay aligned.
/// </summary>
internal static class CacheLines
{
    /// <summary>In each line.</summary>
    public const int WordCount = 8;

    private const int WordLength = sizeof(ulong);

    /// <summary>An array of zeros with this many lines, and words before and behind them that nobody uses.</summary>
    public static ulong[] Allocate(int count) => GC.AllocateArray<ulong>((count + 1) * WordCount, pinned: true);

    /// <summary>Lines in an array.</summary>
    public static int Count(ulong[] words) => words.Length / WordCount - 1;

    /// <summary>Where the first line begins.</summary>
    public static int First(ulong[] words) => -(int)(Marshal.UnsafeAddrOfPinnedArrayElement(words, 0) / WordLength) & (WordCount - 1);

    /// <summary>Where a line begins that a hash, of which the lower half counts, chooses: their number need not be a power of two.</summary>
    public static int Choose(ulong[] words, ulong hash) => First(words) + WordCount * (int)(((hash & uint.MaxValue) * (uint)Count(words)) >> 32);

    /// <summary>Where the line behind the one at <paramref name="at"/> begins; behind the last comes the first.</summary>
    public static int Next(ulong[] words, int at)
    {
        int first = First(words);
        return at + WordCount == first + WordCount * Count(words) ? first : at + WordCount;
    }

    /// <summary>One word, whatever it is; 0 where the array is shorter.</summary>
    public static ulong Touch(ulong[] words, int at) => (uint)at < (uint)words.Length ? Volatile.Read(ref words[at]) : 0;
}
