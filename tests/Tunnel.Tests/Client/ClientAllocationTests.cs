using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Client;

public class ClientAllocationTests
{
    private const int Count = 2_000;

    [Fact]
    public void Packets_cost_no_allocation_in_either_direction()
    {
        using var world = new ClientWorld();
        world.Run(Second);
        Assert.True(world.Asks(Web, 1000));

        // What the connector answers is caught on its last hop, to be opened under the eyes of the test.
        var answers = new List<Flight>();
        world.Delivers = flight =>
        {
            if (flight.Source == RelayWorld.RelayEndpoint && flight.Destination == world.ClientPort.Endpoint && flight.Bytes.Length > 64)
                answers.Add(flight);
            return flight.Destination != world.ClientPort.Endpoint;
        };
        byte[] packet = Packet.Udp(Address, 1000, Web, 53, 200);
        for (int i = 0; i < Count; i++)
            Assert.Null(world.Send(packet));
        world.Run(100 * Millisecond);
        Assert.Equal(Count, answers.Count);
        byte[][] datagrams = [.. answers.Select(flight => flight.Bytes)];
        world.ClientPort.Records = false;

        Assert.Equal(0, SecondTime(_ =>
        {
            for (int i = 0; i < Count; i++)
                world.State.Send(packet, world.Now, out var _);
            world.State.Flush(world.Now);
            world.State.Tick(world.Now);
            Assert.True(world.State.IsReady(world.Now));
        }));
        int opened = 0;
        Assert.Equal(0, SecondTime(time =>
        {
            for (int i = time * Count / 2; i < (time + 1) * Count / 2; i++)
                opened += world.State.Receive(datagrams[i], RelayWorld.RelayEndpoint, world.Now, out _) ? 1 : 0;
        }));
        Assert.Equal(Count, opened);
    }

    /// <summary>What it allocates when neither the compiler nor a first use counts.</summary>
    private static long SecondTime(Action<int> action)
    {
        action(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        action(1);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
