using Keyhole.Packets;

namespace Keyhole.Tunnel.Tests.Relay.Forwarding;

public sealed class ForwardingTwinTests
{
    private const int Agents = 12;
    private const int Capacity = 256;

    /// <summary>Look-ups per step, made together and one by one.</summary>
    private const int Together = 8;

    /// <summary>The unit of a deadline in an entry: at multiples of it the table and its twin agree to the microsecond.</summary>
    private const long Unit = 1024;

    [Fact]
    public void The_table_does_what_its_naive_twin_does()
    {
        int seed = TestSeed.Next();
        for (int run = 0; run < (TestSeed.IsLong ? 200 : 20); run++)
            Assert.Null(FirstDifference(seed + run, mistake: false));
    }

    [Fact]
    public void The_comparison_sees_a_single_forgotten_change() => Assert.NotNull(FirstDifference(TestSeed.Next(), mistake: true));

    private static string? FirstDifference(int seed, bool mistake)
    {
        var random = new Random(seed);
        var table = new ForwardingTable(Agents, Capacity, (ulong)random.NextInt64());
        var twin = new NaiveForwarding(Capacity);
        var queries = new RouteQuery[Together];
        long now = 1000 * Unit;
        for (int step = 0; step < 4000; step++)
        {
            now += Unit * random.Next(random.Next(100) == 0 ? 200_000 : 500);
            var (client, connector) = (random.Next(Agents / 2), Agents / 2 + random.Next(Agents / 2));
            uint clientIndex = (uint)random.Next(60), connectorIndex = (uint)random.Next(60);
            switch (random.Next(8))
            {
                case 0:
                    int slot = random.Next(Agents);
                    IpEndpoint? address = random.Next(6) == 0 ? null : AddressOf(random.Next(16));
                    if (table.SetAddress(slot, address) != twin.SetAddress(slot, address))
                        return $"seed {seed}, step {step}: another slot lost its address";
                    break;
                case 1 when random.Next(20) == 0:
                    while (table.TryRemoveAny(client))
                    {
                        // One at a time.
                    }

                    twin.RemovePairs(client);
                    break;
                case 2 when random.Next(10) == 0:
                    table.RemovePairs(client, connector);
                    if (!mistake)
                        twin.RemovePairs(client, connector);
                    break;
                case 3 or 4:
                    table.Expire(now);
                    twin.Expire(now);
                    break;
                default:
                    var (result, expected) = (table.AddPair(client, connector, clientIndex, connectorIndex, now), twin.AddPair(client, connector, clientIndex, connectorIndex, now));
                    if (result != expected)
                        return $"seed {seed}, step {step}: {result} instead of {expected}";
                    break;
            }

            for (int i = 0; i < Together; i++)
                queries[i] = new RouteQuery { Source = AddressOf(random.Next(16)), ReceiverIndex = (uint)random.Next(60) };
            table.Route(queries, now);
            foreach (var query in queries)
            {
                var expected = twin.Route(query.Source, query.ReceiverIndex, now);
                if ((query.IsRouted, query.From, query.To, query.Destination) != expected)
                    return $"seed {seed}, step {step}: together {query.IsRouted} from {query.From} to {query.To} at {query.Destination} instead of {expected}";
                if (Route(table, query.Source, query.ReceiverIndex, now) is var alone && alone != expected)
                    return $"seed {seed}, step {step}: {alone} instead of {expected}";
            }

            if (table.Count != twin.Count || table.NextExpiry != twin.NextExpiry)
                return $"seed {seed}, step {step}: {table.Count} entries until {table.NextExpiry} instead of {twin.Count} until {twin.NextExpiry}";
        }

        return null;
    }

    private static IpEndpoint AddressOf(int number) => new(new IpAddress(0xC633_6400u + (uint)(number / 4)), (ushort)(5000 + number % 4));

    private static (bool Found, int From, int To, IpEndpoint Destination) Route(ForwardingTable table, IpEndpoint source, uint index, long now) =>
        (table.TryRoute(source, index, now, out int from, out int to, out var destination), from, to, destination);
}
