using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

public sealed class BlindTwinTests
{
    private const int Walks = 20;
    private const int Steps = 2_000;

    [Fact]
    [Trait("Threat", "4")]
    public void The_relay_routes_what_its_naive_twin_routes_and_nothing_else()
    {
        int seed = TestSeed.Next();
        int routed = 0;
        for (int walk = 0; walk < Walks * (TestSeed.IsLong ? 50 : 1); walk++)
            routed += Walk(seed + walk);

        // A walk in which everything is dropped would show nothing.
        Assert.True(routed > Walks * Steps / 10, $"only {routed} routed");
    }

    private static int Walk(int seed)
    {
        const int MaximumEntries = 256;
        var random = new Random(seed);
        using var world = new BlindWorld(options => options with { LoadPolicy = LoadPolicy.Never, MaximumEntries = MaximumEntries }).Registered();
        var twin = new NaiveBlind(MaximumEntries);
        BlindNode[] nodes = [world.Laptop, world.Desk, world.Guest, world.Office, world.Branch];
        foreach (var node in nodes)
        {
            var agent = new NaiveAgent(twin.Agents.Count, node);
            twin.Agents.Add(agent);
            twin.Forwarding.SetAddress(agent.Slot, agent.Address);
        }

        SetGrants(world, twin, [1, 2], [1, 2]);
        IpEndpoint[] sources = [.. nodes.Select(node => node.Endpoint), End("198.51.100.66:6666")];
        int routed = 0;
        for (int step = 0; step < Steps; step++)
        {
            world.Now += random.Next(20) == 0 ? random.Next(20_000_000) : random.Next(150_000);
            if (random.Next(500) == 0)
                world.Now += 195 * Second;
            world.State.Tick(world.Now);
            twin.Forwarding.Expire(world.Now);
            if (random.Next(100) == 0)
                SetGrants(world, twin, random.Next(3) == 0 ? [1] : [1, 2], random.Next(3) == 0 ? [2] : [1, 2]);
            var (expected, datagram, source) = Draw(twin, sources, random, world.Now);
            byte[] room = new byte[256];
            datagram.CopyTo(room, 0);
            bool forwarded = world.State.Receive(room, datagram.Length, source, world.Now, out var forward);
            Assert.True((forwarded ? forward.Destination : null) == expected, $"seed {seed}, step {step}: type {datagram[0]} from {source}, {expected} expected, {forwarded} {forward.Destination}");
            Assert.Equal(twin.Forwarding.Count, world.State.Forwarding.Count);
            routed += forwarded ? 1 : 0;
        }

        return routed;
    }

    /// <summary>A datagram with few indices, so that they meet, and what the twin says to it.</summary>
    private static (IpEndpoint? Expected, byte[] Datagram, IpEndpoint Source) Draw(NaiveBlind twin, IpEndpoint[] sources, Random random, long now)
    {
        int type = random.Next(4);
        var source = sources[random.Next(sources.Length)];
        var other = twin.Agents[random.Next(twin.Agents.Count)];
        if (random.Next(4) != 0)
        {
            // As honest agents do: clients begin, connectors answer.
            var (client, connector) = (random.Next(2), random.Next(3, 5));
            (source, other) = type == 0 ? (sources[client], twin.Agents[connector]) : (sources[random.Next(3) == 0 ? client : connector], twin.Agents[client]);
        }

        uint sender = (uint)random.Next(1, 5);
        uint receiver = (uint)random.Next(1, 5);
        return type switch
        {
            0 => (twin.Initiation(source, other, sender, now), Forged.Initiation(other.Node.Key.PublicKey, sender, random), source),
            1 => (twin.Response(source, other, sender, receiver, now), Forged.Response(other.Node.Key.PublicKey, sender, receiver), source),
            2 => (twin.CookieReply(source, receiver, now), Forged.CookieReply(receiver), source),
            _ => (twin.Data(source, receiver, now), Forged.Data(receiver), source),
        };
    }

    private static void SetGrants(BlindWorld world, NaiveBlind twin, int[] laptop, int[] desk)
    {
        world.Apply(table => table with { Grants = [new GrantRow(1, laptop, []), new GrantRow(2, desk, [])] });
        foreach (var (client, granted) in new[] { (twin.Agents[0], laptop), (twin.Agents[1], desk) })
        {
            for (int site = 1; site <= 2; site++)
            {
                var connector = twin.Agents[site == 1 ? 3 : 4];
                if (granted.Contains(site))
                    twin.Grants.Add((client, connector));
                else
                    twin.Revoke(client, connector);
            }
        }
    }
}
