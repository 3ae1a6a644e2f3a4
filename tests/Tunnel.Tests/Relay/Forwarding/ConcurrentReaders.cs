using System.Diagnostics;
using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

/// <summary>
/// One writer that keeps moving agents, adding sessions and removing them, and readers that know from the numbers alone what they may see: an index names the
/// two agents of its session, an address names the agent that alone has it.
/// </summary>
internal sealed class ConcurrentReaders(IConcurrentTable table, int seed)
{
    private const int Clients = 8;
    private const int Connectors = 8;
    private const int AddressesPerAgent = 4;
    private const int SessionBits = 20;

    // The session numbers of a pair that are in force, and those that were taken out for good: written before, or after, the table changes.
    private readonly int[] _newest = new int[Clients * Connectors];
    private readonly int[] _removed = new int[Clients * Connectors];
    private readonly long[] _routed = new long[2];
    private volatile string? _violation;
    private volatile bool _stopping;

    /// <summary>What a reader saw that cannot be; null when all was well.</summary>
    public string? Violation => _violation;

    public long RoutedCount => _routed.Sum();

    public static int OwnerOf(IpEndpoint address) => (int)(address.Address.Ipv4 & 0xFF);

    public static int PairOf(uint index) => (int)(index >> SessionBits);

    /// <summary>Runs until the time is over or a reader saw something that cannot be.</summary>
    public void Run(TimeSpan atMost)
    {
        for (int slot = 0; slot < Clients + Connectors; slot++)
            table.SetAddress(slot, AddressOf(slot, 0));

        // The first pair is never touched again: readers must find it whatever happens around it.
        Add(0, Clients, 1);
        Thread[] readers = [new(() => Read(0)), new(() => Read(1))];
        foreach (var reader in readers)
            reader.Start();
        var random = new Random(seed);
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < atMost && _violation is null;)
            Write(random);
        _stopping = true;
        foreach (var reader in readers)
            reader.Join();
    }

    private void Write(Random random)
    {
        if (random.Next(3) == 0)
        {
            int slot = random.Next(Clients + Connectors);
            if (slot is not (0 or Clients))
                table.SetAddress(slot, AddressOf(slot, random.Next(AddressesPerAgent)));
            return;
        }

        var (client, connector) = (random.Next(Clients), Clients + random.Next(Connectors));
        int pair = PairOf(client, connector);
        if (pair == 0)
            return;
        if (random.Next(4) == 0)
        {
            table.RemovePairs(client, connector);
            Volatile.Write(ref _removed[pair], _newest[pair]);
        }
        else
        {
            Add(client, connector, _newest[pair] + 1);
        }
    }

    private void Add(int client, int connector, int session)
    {
        int pair = PairOf(client, connector);
        Volatile.Write(ref _newest[pair], session);
        table.AddPair(client, connector, IndexOf(pair, session), IndexOf(pair, session));
    }

    private void Read(int reader)
    {
        var random = new Random(seed + reader + 1);
        try
        {
            while (!_stopping && _violation is null)
                Look(random, ref _routed[reader]);
        }
        catch (Exception e)
        {
            _violation = e.Message;
        }
    }

    private void Look(Random random, ref long routed)
    {
        bool isPinned = random.Next(4) == 0;
        var (client, connector) = isPinned ? (0, Clients) : (random.Next(Clients), Clients + random.Next(Connectors));
        int pair = PairOf(client, connector);
        int removed = Volatile.Read(ref _removed[pair]);
        int session = isPinned ? 1 : Math.Max(1, Volatile.Read(ref _newest[pair]) - random.Next(3));
        bool isForth = random.Next(2) == 0;
        var (sender, receiver) = isForth ? (client, connector) : (connector, client);
        bool found = table.TryRoute(AddressOf(sender, isPinned ? 0 : random.Next(AddressesPerAgent)), IndexOf(pair, session), out int from, out int to, out var destination);
        if (!found)
        {
            if (isPinned)
                _violation = "a session that nobody touched was not found";
            return;
        }

        routed++;
        if (from != sender || to != receiver || OwnerOf(destination) != receiver || destination != AddressOf(receiver, destination.Port - 5000))
            _violation = $"session {session} of {sender} and {receiver} went from {from} to {to} at {destination}";
        else if (session <= removed)
            _violation = $"session {session} of {sender} and {receiver} was removed up to {removed}";
    }

    private static int PairOf(int client, int connector) => client * Connectors + connector - Clients;

    private static uint IndexOf(int pair, int session) => ((uint)pair << SessionBits) | ((uint)session & ((1 << SessionBits) - 1));

    /// <summary>The number of the address stands in two places, so that half of one and half of another shows.</summary>
    private static IpEndpoint AddressOf(int slot, int number) => new(new IpAddress(0x0A00_0000u | ((uint)number << 16) | (uint)slot), (ushort)(5000 + number));
}
