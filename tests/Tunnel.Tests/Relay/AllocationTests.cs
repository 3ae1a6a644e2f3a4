using Keyhole.WireGuard;
using static Keyhole.Tunnel.Tests.Relay.RelayWorld;

namespace Keyhole.Tunnel.Tests.Relay;

public sealed class AllocationTests
{
    private const int Pairs = 50_000;

    [Fact]
    public void One_hundred_thousand_forwarded_packets_allocate_nothing()
    {
        using var world = new RelayWorld().Registered();
        byte[] request = Packet.Udp(PhoneAddress, 1000, Web, 53, 1000);
        world.Phone.SendPacket(request);
        world.Run(100 * Millisecond);
        var mine = world.Office1.Packets.Count > 0 ? world.Office1 : world.Office2;
        byte[] answer = Packet.Udp(Web, 53, PhoneAddress, 1000, 1000);
        byte[] room = new byte[2048];
        var total = (Forwarded: 0, Allocated: 0L);
        for (int i = -500; i < Pairs; i++)
        {
            if (i == 0)
                total = default;
            Forward(world, world.Phone, request, room, ref total);
            Forward(world, mine, answer, room, ref total);
        }

        Assert.Equal((2 * Pairs, 0L), total);
    }

    [Fact]
    public void The_detector_sees_an_allocation()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        byte[] probe = new byte[100];
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before >= probe.Length);
    }

    /// <summary>Only what the relay does is measured; sealing on the sender's side comes before it.</summary>
    private static void Forward(RelayWorld world, SimulatedAgent sender, byte[] packet, byte[] room, ref (int Forwarded, long Allocated) total)
    {
        packet.CopyTo(room, 16);
        var datagram = sender.Device.Seal(sender.Relay, room, packet.Length, world.Now);
        Assert.Equal(SealKind.Sealed, datagram.Kind);
        world.Now += 10;
        long before = GC.GetAllocatedBytesForCurrentThread();
        if (world.State.Receive(room, datagram.Length, sender.Endpoint, world.Now, out _))
            total.Forwarded++;
        if (world.Now >= world.State.NextDeadline)
            world.State.Tick(world.Now);
        total.Allocated += GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
