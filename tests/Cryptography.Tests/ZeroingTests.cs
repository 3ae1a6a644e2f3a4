using System.Runtime.CompilerServices;

namespace Keyhole.Cryptography.Tests;

/// <summary>Key material leaves no trace where it lay.</summary>
[Trait("Threat", "16")]
public unsafe class ZeroingTests
{
    [Fact]
    public void A_released_key_block_is_zero_when_it_goes_back()
    {
        // The memory is the allocator's afterwards, so the block is asked through the handle's own last act.
        var block = new KeyBlockHandle(64);
        block.Bytes.Fill(0xA5);
        Assert.False(block.Bytes.ContainsAnyExcept((byte)0xA5));
        byte* pointer = block.Pointer;
        block.Zero();
        Assert.False(new ReadOnlySpan<byte>(pointer, 64).ContainsAnyExcept((byte)0));
        block.Dispose();
        Assert.Throws<ObjectDisposedException>(() => block.Bytes.Length);
    }

    [Fact]
    public void A_released_guarded_slot_is_zero()
    {
        Sodium.EnsureAvailable();
        var memory = SecureMemoryHandle.Create(Hex.Ramp(64));
        byte* pointer = (byte*)Unsafe.AsPointer(ref memory.Bytes[0]);
        Assert.Equal(63, pointer[63]);
        memory.Dispose();
        Assert.False(new ReadOnlySpan<byte>(pointer, 64).ContainsAnyExcept((byte)0));
        Assert.Throws<ObjectDisposedException>(() => memory.Bytes.Length);
    }

    [Fact]
    public void Guarded_slots_do_not_overlap()
    {
        Sodium.EnsureAvailable();
        var slots = Enumerable.Range(0, 200).Select(i => SecureMemoryHandle.Create(64)).ToList();
        for (int i = 0; i < slots.Count; i++)
            slots[i].Bytes.Fill((byte)i);
        for (int i = 0; i < slots.Count; i++)
            Assert.False(slots[i].Bytes.ContainsAnyExcept((byte)i));
        slots.ForEach(slot => slot.Dispose());
        Assert.Throws<ArgumentOutOfRangeException>(() => SecureMemoryHandle.Create(65));
    }

    [Theory]
    [InlineData("Scalar")]
    [InlineData("Vector128")]
    [InlineData("Vector256")]
    [InlineData("Vector512")]
    public void Disposing_a_transport_key_clears_this_threads_scratch(string path)
    {
        byte[] buffer = new byte[16 * 2000];
        var key = new TransportKey(Hex.Ramp(32), TransportCipher.Create(Enum.Parse<CipherPath>(path)));
        key.Seal(buffer, [.. Enumerable.Range(0, 16).Select(i => new TransportPacket(i * 2000, i % 2 == 0 ? 64 : 1420, (ulong)i))]);
        var scratch = new ReadOnlySpan<byte>(CipherScratch.Start, CipherScratch.Length);
        Assert.True(scratch.ContainsAnyExcept((byte)0));
        key.Dispose();
        Assert.False(scratch.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void The_shared_preshared_key_of_zeros_outlives_its_disposal()
    {
        PresharedKey.None.Dispose();
        Assert.Equal(new byte[32], PresharedKey.None.Bytes.ToArray());
        var key = PresharedKey.Generate(RandomSource.System);
        Assert.NotEqual(new byte[32], key.Bytes.ToArray());
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Bytes.Length);
    }

    [Fact]
    public void Comparison_and_zeroing_do_what_they_say()
    {
        byte[] one = Hex.Ramp(40), other = Hex.Ramp(40);
        Assert.True(FixedTime.Equals(one, other));
        other[39]++;
        Assert.False(FixedTime.Equals(one, other));
        Assert.False(FixedTime.Equals(one, other.AsSpan(0, 39)));
        Zero.Fill(one);
        Assert.Equal(new byte[40], one);
    }
}
