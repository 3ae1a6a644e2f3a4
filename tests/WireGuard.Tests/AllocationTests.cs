using Keyhole.Packets;

namespace Keyhole.WireGuard.Tests;

/// <summary>What packets and peers cost.</summary>
[Collection("Alone")]
public class AllocationTests
{
    [Fact]
    public void A_hundred_thousand_packets_allocate_nothing()
    {
        using var pair = Pair.Established();
        byte[] packet = Inner.Packet(pair.A.InnerAddress, pair.B.InnerAddress, new byte[1000]);
        byte[] buffer = new byte[2048];
        Exchange(2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Exchange(int count)
        {
            for (int i = 0; i < count; i++)
            {
                packet.CopyTo(buffer, 16);
                var sealing = pair.A.Device.Seal(pair.PeerOfA, buffer, packet.Length, pair.Now += 10);
                var result = pair.B.Device.Receive(buffer.AsSpan(0, sealing.Length), pair.A.Address, pair.Now);
                if (result.Kind != ReceiveKind.Packet)
                    Assert.Fail($"{result}");
            }
        }
    }

    [Fact]
    public void Refused_datagrams_allocate_nothing()
    {
        using var pair = Pair.Established();
        byte[] datagram = pair.SealAtA([1]);
        byte[] buffer = new byte[200];
        int[] lengths = [0, 1, 31, 32, 64, 92, 148, 200];
        Refuse(1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refuse(100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Refuse(int count)
        {
            for (int i = 0; i < count; i++)
            {
                buffer.AsSpan().Clear();
                buffer[0] = (byte)(i % 5);
                pair.B.Device.Receive(buffer.AsSpan(0, lengths[i % lengths.Length]), pair.A.Address, pair.Now);
                datagram.CopyTo(buffer, 0);
                buffer[20] ^= 1;
                pair.B.Device.Receive(buffer.AsSpan(0, datagram.Length), pair.A.Address, pair.Now);
            }
        }
    }

    /// <summary>The bound that the README of this project quotes.</summary>
    [Fact]
    public void An_idle_peer_with_two_addresses_takes_less_than_1200_bytes_and_a_tick_does_not_look_at_it()
    {
        const int count = 100_000;
        var keys = Keys.Silent(count);
        using var node = new Node(1, configure: options => options with { MaximumPeers = count });
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < count; i++)
        {
            node.Device.AddPeer(new PeerOptions
            {
                PublicKey = keys[i],
                AllowedIps = [IpPrefix.Host(new IpAddress(0x64400000u + (uint)i)), IpPrefix.Host(new IpAddress(0xFD00_0000_0000_0000, (ulong)i))],
            });
        }

        long perPeer = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        Assert.True(perPeer < 1200, $"{perPeer} bytes per peer");
        // No deadline is set for any of them, so a tick finds an empty heap.
        Assert.Equal((long.MaxValue, DeadlineReason.None), (node.Device.NextDeadline, node.Device.NextDeadlineReason));
        Assert.Throws<InvalidOperationException>(() => node.Device.AddPeer(new PeerOptions { PublicKey = Keys.Silent(count + 1)[count] }));
        Assert.Same(node.Device.FindPeer(keys[77]), node.Device.Route(new IpAddress(0x64400000u + 77)));
    }
}
