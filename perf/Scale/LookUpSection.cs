using System.Buffers.Binary;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Perf;

/// <summary>
/// Where transport data goes, for entries in random order: sender's address → slot → entry → receiver's address → verdict. A relay of 50 clients with ten
/// sessions each, and one of 50,000; runs one by one, and as many together as a data thread looks up when that many are waiting.
/// </summary>
internal static class LookUpSection
{
    private const int SessionsPerClient = 10;
    private const int QueryCount = 1 << 16;
    private const string Small = "1k";
    private const string Large = "1m";
    private const int DatagramLength = 96;
    private const long Now = 1_000_000;

    internal static void Run(Report report)
    {
        var tables = new List<(string Name, ForwardingTable Table, (IpEndpoint Source, uint Index)[] Queries)>();
        foreach (var (name, clients) in new[] { (Small, 50), (Large, 50_000) })
        {
            int connectors = Math.Max(clients / 50, SessionsPerClient);
            long before = GC.GetTotalMemory(forceFullCollection: true);
            var table = Fill(clients, connectors);
            double bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / table.Count;
            report.Row(("table", name), ("entries", table.Count), ("agents", clients + connectors), ("bytes_per_entry", bytes));
            if (name == Large)
                report.Set("bytes_per_entry", bytes);
            tables.Add((name, table, Queries(clients, connectors)));
        }

        // The first time is for the compiler, which optimises in the background what has run often enough.
        Measure(tables, RelayForwarder.MaximumRuns);
        Thread.Sleep(1000);
        foreach (int together in new[] { 1, RelayForwarder.MaximumRuns })
        {
            var contest = Measure(tables, together);
            foreach (string name in contest.Names)
                report.Row(("table", name), ("together", together), ("look_up_ns", contest.Nanoseconds(name)));
            if (together > 1)
                report.Set("lookup_1m_vs_1k", 1 / contest.Ratio(Small, Large));
        }
    }

    private static Contest Measure(IEnumerable<(string Name, ForwardingTable Table, (IpEndpoint Source, uint Index)[] Queries)> tables, int together)
    {
        var contest = new Contest();
        foreach (var (name, table, queries) in tables)
            Add(contest, name, table, queries, together);
        contest.Run();
        return contest;
    }

    private static ForwardingTable Fill(int clients, int connectors)
    {
        var table = new ForwardingTable(131_072, 2_000_000, 0x1234_5678_9ABC_DEF1);
        for (int slot = 0; slot < clients + connectors; slot++)
            table.SetAddress(slot, AddressOf(slot));
        for (int client = 0; client < clients; client++)
        {
            for (int i = 0; i < SessionsPerClient; i++)
            {
                var (connector, index) = Session(client, i, clients, connectors);
                if (table.AddPair(client, connector, index, ~index, Now) != EntryResult.Added)
                    throw new InvalidOperationException("The table does not take what it must hold.");
            }
        }

        return table;
    }

    private static void Add(Contest contest, string name, ForwardingTable table, (IpEndpoint Source, uint Index)[] queries, int together)
    {
        int next = 0;
        var forwarder = new RelayForwarder(table);
        byte[] datagram = new byte[DatagramLength];
        datagram[0] = 4;
        contest.Add(name, together, repetitions =>
        {
            for (int i = 0; i < repetitions; i++)
            {
                forwarder.Begin();
                for (int run = 0; run < together; run++)
                {
                    ref readonly var query = ref queries[next++ & (QueryCount - 1)];
                    BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(4), query.Index);
                    forwarder.Add(query.Source, datagram);
                }

                forwarder.LookUp(Now);
                for (int run = 0; run < together; run++)
                {
                    if (forwarder.TryForward(run, DatagramLength, 1, DatagramLength, Now, isOverloaded: false, out _, out _) != ForwardVerdict.Forward)
                        throw new InvalidOperationException("An entry was not found.");
                }
            }
        });
    }

    /// <summary>As many for either table, so that reading them costs the same.</summary>
    private static (IpEndpoint Source, uint Index)[] Queries(int clients, int connectors)
    {
        var random = new Random(20_261_121);
        var queries = new (IpEndpoint, uint)[QueryCount];
        foreach (ref var query in queries.AsSpan())
        {
            int client = random.Next(clients);
            var (connector, index) = Session(client, random.Next(SessionsPerClient), clients, connectors);
            query = random.Next(2) == 0 ? (AddressOf(client), ~index) : (AddressOf(connector), index);
        }

        return queries;
    }

    /// <summary>The indices are scattered over their whole range, as random ones are.</summary>
    private static (int Connector, uint Index) Session(int client, int number, int clients, int connectors) =>
        (clients + (client + number * 7) % connectors, (uint)(client * SessionsPerClient + number) * 0x9E37_79B1u);

    private static IpEndpoint AddressOf(int slot) => new(new IpAddress(0x0A00_0000u + (uint)slot), (ushort)(1024 + slot % 60_000));
}
