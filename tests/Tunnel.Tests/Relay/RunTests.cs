using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel.Tests.Relay;

/// <summary>A run of datagrams is what its datagrams are one by one, in their order.</summary>
[Trait("Promise", "A10")]
public sealed class RunTests
{
    private const long Millisecond = 1_000;

    private static readonly IpAddress Web = IpAddress.Parse("100.64.1.20");

    [Fact]
    public void A_run_of_a_gateway_client_arrives_whole_and_in_order_at_the_connector()
    {
        using var world = new RelayWorld().Registered();
        var sent = Packets(world, 150, i => 200 + i % 2);
        byte[] run = Seal(world, sent);
        var forwards = new RelayForward[150];
        int count = world.State.ReceiveRun(run, run.Length / 150, world.Phone.Endpoint, world.Now, forwards);
        Assert.Equal(150, count);
        var connector = forwards[0].Destination == world.Office1.Endpoint ? world.Office1 : world.Office2;
        Assert.All(forwards, forward => Assert.Equal(connector.Endpoint, forward.Destination));
        Assert.Equal(sent, forwards.Select(forward => Open(world, connector, run[forward.Offset..(forward.Offset + forward.Length)])));
    }

    [Fact]
    [Trait("Threat", "4")]
    public void A_run_again_or_with_a_bit_turned_goes_nowhere()
    {
        using var world = new RelayWorld().Registered();
        byte[] run = Seal(world, Packets(world, 4, _ => 200)), again = [.. run];
        int size = run.Length / 4;
        run[2 * size + 40] ^= 1;
        var forwards = new RelayForward[4];
        Assert.Equal(3, world.State.ReceiveRun(run, size, world.Phone.Endpoint, world.Now, forwards));
        Assert.Equal([0, size, 3 * size], forwards[..3].Select(forward => forward.Offset));
        Assert.Equal(1, world.State.ReceiveRun(again, size, world.Phone.Endpoint, world.Now, forwards));
        Assert.Equal(2 * size, forwards[0].Offset);
    }

    [Fact]
    public void What_nothing_grants_is_left_out_of_its_run()
    {
        using var world = new RelayWorld().Registered();
        var sent = Packets(world, 3, _ => 200);
        sent[1] = Packet.Udp(Source(world), 1000, IpAddress.Parse("100.64.9.9"), 53, 200);
        byte[] run = Seal(world, sent);
        var forwards = new RelayForward[3];
        Assert.Equal(2, world.State.ReceiveRun(run, run.Length / 3, world.Phone.Endpoint, world.Now, forwards));
        Assert.Equal(1, world.State.DropCount(RelayDropReason.UnknownDestination));
    }

    [Fact]
    public void An_empty_run_is_one_empty_datagram()
    {
        using var world = new RelayWorld().Registered();
        Assert.Equal(0, world.State.ReceiveRun([], 0, world.Phone.Endpoint, world.Now, new RelayForward[1]));
    }

    [Fact]
    public void Runs_allocate_nothing()
    {
        using var world = new RelayWorld().Registered();
        var packets = Packets(world, 64, _ => 1000);
        var forwards = new RelayForward[64];
        long allocated = 0;
        for (int i = 0; i < 200; i++)
        {
            byte[] run = Seal(world, packets);
            world.Now += Millisecond;
            long before = GC.GetAllocatedBytesForCurrentThread();
            int count = world.State.ReceiveRun(run, run.Length / 64, world.Phone.Endpoint, world.Now, forwards);
            if (i >= 10)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(64, count);
        }

        Assert.Equal(0, allocated);
    }

    private static List<byte[]> Packets(RelayWorld world, int count, Func<int, int> length) =>
        [.. Enumerable.Range(0, count).Select(i => Packet.Udp(Source(world), 1000, Web, 53, length(i)))];

    private static IpAddress Source(RelayWorld world) => IpPrefix.TryParse(world.Phone.Row.Addresses[0], out var prefix) ? prefix.Address : default;

    private static byte[] Seal(RelayWorld world, List<byte[]> packets) => [.. packets.SelectMany(packet => world.Phone.Seal(packet))];

    private static byte[] Open(RelayWorld world, SimulatedAgent agent, byte[] datagram)
    {
        var result = agent.Device.Receive(datagram, RelayWorld.RelayEndpoint, world.Now);
        Assert.Equal(ReceiveKind.Packet, result.Kind);
        return datagram[result.Offset..(result.Offset + result.Length)];
    }
}
