using Keyhole.Tunnel.Tests.Relay;
using static Keyhole.Tunnel.Tests.Connector.ConnectorWorld;

namespace Keyhole.Tunnel.Tests.Connector;

/// <summary>Packets to clients are sealed together at the end of a turn; what is not sealed does not leave.</summary>
[Trait("Promise", "A10")]
public sealed class SealBatchTests
{
    [Fact]
    public void Packets_of_one_turn_leave_sealed_and_in_their_order()
    {
        using var world = Heard();
        var sent = Enumerable.Range(0, 150).Select(i => Answer(i, 20 + i * 7)).ToList();
        world.FromConnector.Clear();
        foreach (byte[] packet in sent)
            Write(world, packet);
        world.State.Flush(world.Now);
        Assert.Equal(150, world.FromConnector.Count);
        Assert.All(world.FromConnector, flight => Assert.False(sent.Exists(packet => flight.Bytes.AsSpan().IndexOf(packet.AsSpan(0, 28)) >= 0)));
        world.Run(100 * Millisecond);
        Assert.Equal(sent, world.Relay1.Packets);
    }

    [Fact]
    public void Before_the_flush_nothing_leaves()
    {
        using var world = Heard();
        world.FromConnector.Clear();
        Write(world, Answer(1, 100));
        Assert.Empty(world.FromConnector);
        world.State.Flush(world.Now);
        Assert.Single(world.FromConnector);
    }

    [Fact]
    [Trait("Threat", "4")]
    public void What_was_written_for_a_session_that_has_ended_is_dropped_and_counted()
    {
        using var world = Heard();
        Write(world, Answer(1, 100));
        world.FromConnector.Clear();
        world.Now += 600 * Second;
        world.State.Flush(world.Now);
        Assert.Empty(world.FromConnector);
        Assert.Equal(1, world.State.DropCount(ConnectorDropReason.NoSession));
    }

    [Fact]
    public void A_control_message_comes_behind_what_was_written_before_it()
    {
        using var world = Heard();
        world.FromConnector.Clear();
        Write(world, Answer(1, 100));
        world.State.Drain(world.Now);
        Assert.Equal(2, world.FromConnector.Count);
        Assert.True(world.FromConnector[0].Bytes.Length > world.FromConnector[1].Bytes.Length);
    }

    [Fact]
    public void A_run_of_datagrams_is_opened_as_one_and_in_order()
    {
        using var world = Heard();
        var sent = Enumerable.Range(0, 100).Select(i => Packet.Udp(PhoneAddress, 1000, Web, 53, 200 + i % 2)).ToList();
        byte[] run = [.. sent.SelectMany(packet => world.Relay1.Seal(packet))];
        int size = run.Length / 100;
        var packets = new ClientPacket[100];
        Assert.Equal(100, world.State.Receive(run, size, world.Relay1.Endpoint, world.Now, packets));
        for (int i = 0; i < 100; i++)
            Assert.Equal(sent[i], run[packets[i].Offset..(packets[i].Offset + packets[i].Length)]);
        Assert.Equal(0, world.State.Receive(run, size, world.Relay1.Endpoint, world.Now, packets));
    }

    private static ConnectorWorld Heard()
    {
        var world = new ConnectorWorld().Registered();
        world.Relay1.SendPayload(Packet.Udp(PhoneAddress, 1000, Web, 53));
        world.Run(100 * Millisecond);
        world.Relay1.Packets.Clear();
        return world;
    }

    private static byte[] Answer(int number, int payloadLength) => Packet.Udp(Web, 53, PhoneAddress, (ushort)(1000 + number), payloadLength);

    private static void Write(ConnectorWorld world, byte[] packet)
    {
        packet.CopyTo(world.State.Rent(Phone, packet.Length));
        world.State.Commit(Phone, packet.Length);
    }
}
