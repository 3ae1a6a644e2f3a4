namespace Keyhole.Perf;

/// <summary>Counts what a path allocates on this thread once it is warm.</summary>
internal static class Allocations
{
    internal static long Of(Action<int> repeat, int repetitions)
    {
        repeat(2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        repeat(repetitions);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
