namespace Keyhole.Relay;

/// <summary>What happened to TCP connections. Any thread writes, any thread reads.</summary>
internal sealed class TlsCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<TlsEvent>().Length];

    public long this[TlsEvent kind] => Interlocked.Read(ref _counts[(int)kind]);

    public void Add(TlsEvent kind) => Interlocked.Increment(ref _counts[(int)kind]);
}
