using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

public sealed class BlindAllocationTests
{
    [Fact]
    public void One_hundred_thousand_blind_packets_allocate_nothing()
    {
        using var world = new BlindWorld().Registered().Connected(world => world.Laptop, world => world.Office);
        byte[] there = world.Laptop.Seal(world.Office, 1000);
        byte[] back = world.Office.Seal(world.Laptop, 1000);
        long allocated = 0;
        int forwarded = 0;
        for (int i = -1000; i < 50_000; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool both = world.State.Receive(there, there.Length, world.Laptop.Endpoint, world.Now, out _)
                & world.State.Receive(back, back.Length, world.Office.Endpoint, world.Now, out _);
            if (i < 0)
                continue;
            forwarded += both ? 2 : 0;
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal((100_000, 0L), (forwarded, allocated));
    }

    [Fact]
    public void Routed_handshakes_allocate_nothing_but_what_the_tables_grow()
    {
        using var world = new BlindWorld().Registered();
        var handshakes = Enumerable.Range(0, 64).Select(i => (
            Initiation: Forged.Initiation(world.Office.Key.PublicKey, (uint)(100 + i)),
            Response: Forged.Response(world.Laptop.Key.PublicKey, (uint)(1000 + i), (uint)(100 + i)),
            Cookie: Forged.CookieReply((uint)(100 + i)))).ToArray();
        long allocated = 0;
        int routed = 0;
        for (int i = -2000; i < 20_000; i++)
        {
            var (initiation, response, cookie) = handshakes[(i + 2000) % handshakes.Length];
            world.Now += 200 * Millisecond;
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool all = world.State.Receive(initiation, initiation.Length, world.Laptop.Endpoint, world.Now, out _)
                & world.State.Receive(response, response.Length, world.Office.Endpoint, world.Now, out _)
                & world.State.Receive(cookie, cookie.Length, world.Office.Endpoint, world.Now, out _);
            world.State.Forwarding.Expire(world.Now);
            if (i < 0)
                continue;
            routed += all ? 3 : 0;
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(60_000, routed);
        Assert.Equal(0, allocated);
    }
}
