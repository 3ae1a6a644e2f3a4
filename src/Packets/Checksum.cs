using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Keyhole.Packets;

/// <summary>
/// The Internet checksum (RFC 1071) and its incremental update (RFC 1624). A running sum is a 64-bit number of words in the
/// machine's own byte order, neither folded nor complemented; only the last span of a sum may have an odd length.
/// </summary>
public static class Checksum
{
    /// <summary>Adds the bytes to a running sum; a last odd byte is padded with zero.</summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        nuint length = (nuint)bytes.Length;
        nuint at = 0;

        // Widening to 64-bit lanes leaves room for 2^32 additions, so that no carry is ever looked at.
        if (Vector512.IsHardwareAccelerated && length >= 64)
        {
            var lanes = Vector512<ulong>.Zero;
            for (; at + 64 <= length; at += 64)
            {
                var (lower, upper) = Vector512.Widen(Vector512.LoadUnsafe(ref start, at).AsUInt32());
                lanes += lower + upper;
            }

            sum += Vector512.Sum(lanes);
        }
        else if (Vector256.IsHardwareAccelerated && length >= 32)
        {
            var lanes = Vector256<ulong>.Zero;
            for (; at + 32 <= length; at += 32)
            {
                var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref start, at).AsUInt32());
                lanes += lower + upper;
            }

            sum += Vector256.Sum(lanes);
        }
        else if (Vector128.IsHardwareAccelerated && length >= 16)
        {
            var lanes = Vector128<ulong>.Zero;
            for (; at + 16 <= length; at += 16)
            {
                var (lower, upper) = Vector128.Widen(Vector128.LoadUnsafe(ref start, at).AsUInt32());
                lanes += lower + upper;
            }

            sum += Vector128.Sum(lanes);
        }

        return SumTail(ref start, at, length, sum);
    }

    /// <summary>Copies <paramref name="source"/> to the start of <paramref name="destination"/> and adds it to a running sum in the same pass.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static ulong CopySum(ReadOnlySpan<byte> source, Span<byte> destination, ulong sum = 0)
    {
        if (destination.Length < source.Length)
            Throw.TooShort(nameof(destination), source.Length);
        ref byte from = ref MemoryMarshal.GetReference(source);
        ref byte to = ref MemoryMarshal.GetReference(destination);
        nuint length = (nuint)source.Length;
        nuint at = 0;
        if (Vector256.IsHardwareAccelerated && length >= 32)
        {
            var lanes = Vector256<ulong>.Zero;
            for (; at + 32 <= length; at += 32)
            {
                var vector = Vector256.LoadUnsafe(ref from, at);
                vector.StoreUnsafe(ref to, at);
                var (lower, upper) = Vector256.Widen(vector.AsUInt32());
                lanes += lower + upper;
            }

            sum += Vector256.Sum(lanes);
        }

        source[(int)at..].CopyTo(destination[(int)at..]);
        return SumTail(ref from, at, length, sum);
    }

    /// <summary>
    /// The sum of the pseudo header (RFC 768, RFC 9293 section 3.1, RFC 8200 section 8.1). <paramref name="length"/> is
    /// the length in bytes of the transport header and its payload.
    /// </summary>
    public static ulong Pseudo(IpAddress source, IpAddress destination, byte protocol, int length) =>
        SumOf(source) + SumOf(destination) + InNetworkOrder(protocol) + InNetworkOrder((uint)length);

    /// <summary>The sum folded to 16 bits, as the number that stands in the packet. 0xFFFF for a span that includes its valid checksum.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        ushort folded = (ushort)sum;
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
    }

    /// <summary>The checksum to write, as a big endian number: the complement of the folded sum.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

    /// <summary>
    /// The checksum after one 16-bit word of what it covers changed (RFC 1624 equation 3). Words at an even offset only.
    /// </summary>
    public static ushort Update(ushort checksum, ushort oldWord, ushort newWord) =>
        Refold((uint)(ushort)~checksum + (ushort)~oldWord + newWord);

    /// <summary>The checksum after four bytes at an even offset changed.</summary>
    public static ushort Update(ushort checksum, uint oldWords, uint newWords) =>
        Refold((uint)(ushort)~checksum + (ushort)~(oldWords >> 16) + (ushort)~oldWords + (newWords >> 16) + (ushort)newWords);

    /// <summary>The checksum after an address changed for another of the same family, in a header or a pseudo header.</summary>
    public static ushort Update(ushort checksum, IpAddress oldAddress, IpAddress newAddress)
    {
        if (oldAddress.IsIpv4)
            return Update(checksum, oldAddress.Ipv4, newAddress.Ipv4);
        checksum = Update(checksum, (uint)(oldAddress.High >> 32), (uint)(newAddress.High >> 32));
        checksum = Update(checksum, (uint)oldAddress.High, (uint)newAddress.High);
        checksum = Update(checksum, (uint)(oldAddress.Low >> 32), (uint)(newAddress.Low >> 32));
        return Update(checksum, (uint)oldAddress.Low, (uint)newAddress.Low);
    }

    private static ulong SumTail(ref byte start, nuint at, nuint length, ulong sum)
    {
        for (; at + 4 <= length; at += 4)
            sum += Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, at));
        if (at + 2 <= length)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref start, at));
            at += 2;
        }

        if (at < length)
            sum += (uint)Unsafe.Add(ref start, at) << (BitConverter.IsLittleEndian ? 0 : 8);
        return sum;
    }

    private static ulong SumOf(IpAddress address) => address.IsIpv4
        ? InNetworkOrder(address.Ipv4)
        : (ulong)InNetworkOrder((uint)(address.High >> 32)) + InNetworkOrder((uint)address.High)
            + InNetworkOrder((uint)(address.Low >> 32)) + InNetworkOrder((uint)address.Low);

    private static uint InNetworkOrder(uint value) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static ushort Refold(uint sum)
    {
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
