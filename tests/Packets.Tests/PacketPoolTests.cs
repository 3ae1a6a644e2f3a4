namespace Keyhole.Packets.Tests;

public sealed class PacketPoolTests
{
    [Fact]
    public void Rooms_are_where_they_were_asked_for_and_buffers_do_not_overlap()
    {
        var pool = new PacketPool(3, 100, headRoom: 20, tailRoom: 40);
        var buffers = new PacketBuffer[3];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(pool.TryRent(out buffers[i]));
            Assert.Equal(160, buffers[i].Room.Length);
            buffers[i].Length = 100;
            buffers[i].Room.Fill((byte)i);
        }

        Assert.False(pool.TryRent(out var none));
        Assert.False(none.IsOwner);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(-1, buffers[i].Room.IndexOfAnyExcept((byte)i));
            Assert.True(buffers[i].Room.Slice(20, 100) == buffers[i].Packet);
            buffers[i].Return();
        }

        Assert.Equal(3, pool.FreeCount);
        Assert.True(pool.TryRent(out _));
    }

    [Fact]
    public void A_length_beyond_the_packet_is_the_callers_fault()
    {
        var pool = new PacketPool(1, 100);
        pool.TryRent(out var buffer);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Length = 101);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Length = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketPool(1, 100, headRoom: 15));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketPool(1, 100, tailRoom: 31));
    }

    [Fact]
    public void After_a_move_the_new_owner_owns_and_the_old_one_does_not()
    {
        var pool = new PacketPool(1, 100);
        pool.TryRent(out var first);
        first.Length = 3;
        first.Packet.Fill(7);
        var second = first.Move();
        Assert.False(first.IsOwner);
        Assert.True(second.IsOwner);
        Assert.Equal([7, 7, 7], second.Packet.ToArray());
        Assert.Throws<InvalidOperationException>(() => first.Return());
        second.Return();
        Assert.Throws<InvalidOperationException>(() => second.Return());
        Assert.Equal(1, pool.FreeCount);
    }

#if DEBUG
    [Fact]
    public void A_stale_copy_of_an_owner_is_found()
    {
        var pool = new PacketPool(1, 100);
        pool.TryRent(out var owner);
        var stale = owner;
        var moved = owner.Move();
        Assert.Throws<InvalidOperationException>(() => stale.Packet.Clear());
        Assert.Throws<InvalidOperationException>(() => stale.Return());
        stale = moved;
        moved.Return();
        Assert.Throws<InvalidOperationException>(() => stale.Return());
        Assert.Equal(1, pool.FreeCount);
    }

    [Fact]
    public void A_lent_buffer_is_neither_moved_nor_returned()
    {
        var pool = new PacketPool(1, 100);
        pool.TryRent(out var owner);
        owner.Length = 1;
        using (var loan = owner.Lend())
        {
            Assert.Equal(1, loan.Packet.Length);
            Assert.Throws<InvalidOperationException>(() => owner.Move());
            Assert.Throws<InvalidOperationException>(() => owner.Return());
        }

        owner.Return();
    }

    [Fact]
    public void Returned_bytes_are_overwritten()
    {
        var pool = new PacketPool(1, 64);
        pool.TryRent(out var owner);
        owner.Room.Fill(1);
        owner.Return();
        pool.TryRent(out owner);
        Assert.Equal(-1, owner.Room.IndexOfAnyExcept((byte)0xDD));
    }
#endif

    [Fact]
    public void Renting_moving_and_returning_allocates_nothing()
    {
        var pool = new PacketPool(8, 100);
        Cycle(pool);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Cycle(pool);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Cycle(PacketPool pool)
        {
            pool.TryRent(out var buffer);
            var moved = buffer.Move();
            moved.Lend().Dispose();
            moved.Return();
        }
    }
}
