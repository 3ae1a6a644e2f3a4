using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Agent slot → current address, read by any thread while one writes. Each slot has a cache line:
/// <code>
/// word 0  turn, one more with each change    1 to 3  address and port while the turn is even    4 to 6  while it is odd
/// </code>
/// The writer fills the copy that does not hold, and then counts. A reader who finds the same turn before and after has read one whole address; it tries again
/// only when the address changed meanwhile, and never waits for a writer that is held up.
/// </summary>
internal sealed class SlotAddresses(int maximumAgents)
{
    private const int CopyLength = 3;

    /// <summary>Tells a port from none.</summary>
    private const uint Taken = 1 << 16;

    private readonly ulong[] _words = CacheLines.Allocate(maximumAgents);

    /// <summary>Where the line of a slot begins, for <see cref="Touch"/>.</summary>
    public int Place(int slot) => CacheLines.First(_words) + CacheLines.WordCount * slot;

    /// <summary>Calls for a line without waiting for it. The value means nothing, but must go somewhere, or the compiler leaves the load out.</summary>
    public ulong Touch(int place) => CacheLines.Touch(_words, place);

    public bool TryGet(int slot, out IpEndpoint address)
    {
        var line = LineOf(slot);
        while (true)
        {
            ulong turn = Volatile.Read(ref line[0]);
            var copy = line.Slice(CopyAt(turn), CopyLength);
            ulong high = Volatile.Read(ref copy[0]);
            ulong low = Volatile.Read(ref copy[1]);
            ulong port = Volatile.Read(ref copy[2]);
            if (Volatile.Read(ref line[0]) != turn)
                continue;
            address = new IpEndpoint(new IpAddress(high, low), (ushort)port);
            return port != 0;
        }
    }

    /// <param name="address">Null for none.</param>
    public void Set(int slot, in IpEndpoint? address)
    {
        var line = LineOf(slot);
        var (endpoint, taken) = address is { } given ? (given, Taken) : default;
        ulong turn = line[0] + 1;
        var copy = line.Slice(CopyAt(turn), CopyLength);

        // Each store waits for those before it: a reader that sees one of these sees the turn that led here, too.
        Volatile.Write(ref copy[0], endpoint.Address.High);
        Volatile.Write(ref copy[1], endpoint.Address.Low);
        Volatile.Write(ref copy[2], taken | endpoint.Port);
        Volatile.Write(ref line[0], turn);
    }

    private static int CopyAt(ulong turn) => 1 + CopyLength * (int)(turn & 1);

    private Span<ulong> LineOf(int slot) => _words.AsSpan(Place(slot), CacheLines.WordCount);
}
