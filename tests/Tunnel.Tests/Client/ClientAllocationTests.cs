using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Client.ClientWorld;

namespace Keyhole.Tunnel.Tests.Client;

public class ClientAllocationTests
{
    private const int Count = 2_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packets_cost_no_allocation_in_either_direction(bool direct)
    {
        using var world = new ClientWorld(directPaths: direct);
        world.Run(Second);
        Assert.True(world.Asks(Web, 1000));
        Assert.All(world.State.Connectors(world.Now), link => Assert.Equal(direct ? PathKind.Direct : PathKind.Relayed, link.Path));

        // What the connector answers is caught on its last hop, to be opened under the eyes of the test.
        var answers = new List<Flight>();
        world.Delivers = flight =>
        {
            if (flight.Source == RelayWorld.RelayEndpoint != direct && flight.Destination == world.ClientPort.Endpoint && flight.Bytes.Length > 64)
                answers.Add(flight);
            return flight.Destination != world.ClientPort.Endpoint;
        };
        byte[] packet = Packet.Udp(Address, 1000, Web, 53, 200);
        for (int i = 0; i < Count; i++)
            Assert.Null(world.Send(packet));
        world.Run(100 * Millisecond);
        Assert.Equal(Count, answers.Count);
        byte[][] datagrams = [.. answers.Select(flight => flight.Bytes)];
        var source = answers[0].Source;
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
                opened += world.State.Receive(datagrams[i], source, world.Now, out _) ? 1 : 0;
        }));
        Assert.Equal(Count, opened);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packets_cost_the_connector_no_allocation_whichever_way_they_come(bool direct)
    {
        using var world = new ClientWorld(directPaths: direct);
        world.Run(Second);
        Assert.True(world.Asks(Web, 1000));
        var node = world.Nodes.Single(node => node.Entered.Count == 1);
        var questions = new List<Flight>();
        world.Delivers = flight =>
        {
            if (flight.Destination == node.Port.Endpoint && flight.Source == RelayWorld.RelayEndpoint != direct && flight.Bytes.Length > 64)
                questions.Add(flight);
            return flight.Destination != node.Port.Endpoint;
        };
        byte[] packet = Packet.Udp(Address, 1000, Web, 53, 200);
        for (int i = 0; i < Count; i++)
            Assert.Null(world.Send(packet));
        world.Run(100 * Millisecond);
        Assert.Equal(Count, questions.Count);
        byte[][] datagrams = [.. questions.Select(flight => flight.Bytes)];
        var source = questions[0].Source;
        node.Port.Records = false;

        int opened = 0;
        var packets = new ClientPacket[1];
        Assert.Equal(0, SecondTime(time =>
        {
            for (int i = time * Count / 2; i < (time + 1) * Count / 2; i++)
            {
                opened += node.State.Receive(datagrams[i], datagrams[i].Length, source, world.Now, packets);
                packet.CopyTo(node.State.Rent(Laptop, packet.Length));
                node.State.Commit(Laptop, packet.Length);
            }

            node.State.Flush(world.Now);
            node.State.Tick(world.Now);
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
