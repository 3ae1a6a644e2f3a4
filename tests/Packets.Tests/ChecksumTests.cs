using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.Packets.Tests;

public sealed class ChecksumTests
{
    /// <summary>RFC 1071 section 3.</summary>
    [Fact]
    public void The_example_of_RFC_1071()
    {
        byte[] bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        Assert.Equal(0xDDF2, Checksum.Fold(Checksum.Sum(bytes)));
        Assert.Equal(0x220D, Checksum.Finish(Checksum.Sum(bytes)));
    }

    /// <summary>RFC 1624 section 4: the case in which RFC 1141 is wrong.</summary>
    [Fact]
    public void The_example_of_RFC_1624() => Assert.Equal(0x0000, Checksum.Update((ushort)0xDD2F, 0x5555, 0x3285));

    [Fact]
    [Trait("Pitfall", "P29")]
    public void Every_length_at_every_alignment_equals_the_naive_sum()
    {
        byte[] memory = new byte[64 + 2100];
        new Random(1).NextBytes(memory);
        byte[] copy = new byte[memory.Length];
        for (int length = 0; length <= 2000; length++)
        {
            int alignment = length % 64;
            Check(memory, copy, alignment, length);
        }

        for (int alignment = 0; alignment < 64; alignment++)
        {
            for (int length = 0; length <= 200; length++)
                Check(memory, copy, alignment, length);
        }
    }

    [Fact]
    public void All_ones_carry_around_at_every_length()
    {
        byte[] memory = new byte[70_000];
        memory.AsSpan().Fill(0xFF);
        for (int length = 0; length < 300; length++)
            Assert.Equal(Naive.Fold(memory.AsSpan(0, length)), Checksum.Fold(Checksum.Sum(memory.AsSpan(0, length))));
        Assert.Equal(Naive.Fold(memory), Checksum.Fold(Checksum.Sum(memory)));
    }

    [Fact]
    public void Zero_and_all_ones_are_kept_apart()
    {
        Assert.Equal(0xFFFF, Checksum.Finish(Checksum.Sum(new byte[40])));
        Assert.Equal(0x0000, Checksum.Finish(Checksum.Sum([0xFF, 0xFF])));
    }

    [Fact]
    public void A_sum_over_even_pieces_is_the_sum_of_the_whole()
    {
        Prop.ForAll<byte[], byte[]>((first, second) =>
        {
            if (first.Length % 2 != 0)
                first = [.. first, 7];
            ulong pieces = Checksum.Sum(second, Checksum.Sum(first));
            return Checksum.Fold(pieces) == Naive.Fold([.. first, .. second]);
        }).Check(Seeded.Runs(300));
    }

    [Fact]
    public void The_pseudo_header_equals_the_naive_one()
    {
        Prop.ForAll<(ulong, ulong), byte, ushort>((address, protocol, length) =>
        {
            var (high, low) = address;
            foreach (bool four in new[] { true, false })
            {
                var source = four ? new IpAddress((uint)high) : new IpAddress(high, low);
                var destination = four ? new IpAddress((uint)low) : new IpAddress(low, high ^ 0xAAAA);
                if (Checksum.Fold(Checksum.Pseudo(source, destination, protocol, length)) != Naive.Fold(Naive.PseudoHeader(source, destination, protocol, length)))
                    return false;
            }

            return true;
        }).Check(Seeded.Runs(300));
    }

    [Fact]
    public void An_incremental_update_equals_the_sum_made_anew()
    {
        Prop.ForAll<byte[], uint, int>((bytes, words, position) =>
        {
            byte[] packet = [.. bytes, .. new byte[64]];
            packet[0] |= 1;
            int at = Math.Abs(position % 30) * 2;
            ushort before = Checksum.Finish(Checksum.Sum(packet));
            uint oldWords = (uint)(packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3]);
            ushort updated = Checksum.Update(before, oldWords, words);
            ushort first = Checksum.Update(before, (ushort)(oldWords >> 16), (ushort)(words >> 16));
            ushort inTwo = Checksum.Update(first, (ushort)oldWords, (ushort)words);
            packet[at] = (byte)(words >> 24);
            packet[at + 1] = (byte)(words >> 16);
            packet[at + 2] = (byte)(words >> 8);
            packet[at + 3] = (byte)words;
            ushort anew = Checksum.Finish(Checksum.Sum(packet));

            // A span of nothing but zeros is the one sum that has two representations.
            bool zero = packet.AsSpan().IndexOfAnyExcept((byte)0) < 0;
            return zero || (updated == anew && inTwo == anew);
        }).Check(Seeded.Runs(300));
    }

    [Fact]
    public void An_address_update_equals_the_sum_made_anew()
    {
        Prop.ForAll<(ulong, ulong), (ulong, ulong)>((first, second) =>
        {
            var (a, b) = first;
            var (c, d) = second;
            foreach (bool four in new[] { true, false })
            {
                var old = four ? new IpAddress((uint)a) : new IpAddress(a, b);
                var changed = four ? new IpAddress((uint)c) : new IpAddress(c, d);
                var other = four ? new IpAddress(0x0A000001u) : new IpAddress(0x20010db8_00000000, 1);
                ushort before = Checksum.Finish(Checksum.Pseudo(old, other, 17, 100));
                ushort after = Checksum.Finish(Checksum.Pseudo(changed, other, 17, 100));
                if (Checksum.Update(before, old, changed) != after)
                    return false;
            }

            return true;
        }).Check(Seeded.Runs(300));
    }

    private static void Check(byte[] memory, byte[] copy, int alignment, int length)
    {
        var span = memory.AsSpan(alignment, length);
        ushort expected = Naive.Fold(span);
        if (expected != Checksum.Fold(Checksum.Sum(span)))
            Assert.Fail($"Sum of {length} bytes at alignment {alignment}");
        copy.AsSpan().Clear();
        if (expected != Checksum.Fold(Checksum.CopySum(span, copy.AsSpan(3))) || !span.SequenceEqual(copy.AsSpan(3, length)) || copy[3 + length] != 0)
            Assert.Fail($"CopySum of {length} bytes at alignment {alignment}");
    }
}
