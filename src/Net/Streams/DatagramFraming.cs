using System.Buffers;
using System.Buffers.Binary;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>Datagrams in a byte stream: each behind its length, 16 bits in network order, as DNS over TCP does (RFC 1035 section 4.2.2).</summary>
public static class DatagramFraming
{
    /// <summary>Bytes before each datagram.</summary>
    public const int HeadLength = 2;

    /// <summary>The shortest datagram that is taken: WireGuard has no shorter message. What is shorter would cost more to look at than to send.</summary>
    public const int MinimumLength = 32;

    /// <summary>The longest datagram that is taken: a jumbo frame's, and what every receive batch has room for.</summary>
    public const int MaximumLength = 9216;

    /// <summary>Moves whole datagrams from the front of <paramref name="bytes"/> behind those of the batch, until one of the two ends.</summary>
    public static FramingResult Read(ref ReadOnlySequence<byte> bytes, in IpEndpoint source, ReceiveBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Span<byte> head = stackalloc byte[HeadLength];
        while (bytes.Length >= HeadLength)
        {
            bytes.Slice(0, HeadLength).CopyTo(head);
            int length = BinaryPrimitives.ReadUInt16BigEndian(head);
            if (length is < MinimumLength or > MaximumLength)
                return FramingResult.Broken;
            if (bytes.Length < HeadLength + length)
                break;
            if (!batch.TryAdd(length, source, out var room))
                return FramingResult.BatchFull;
            bytes.Slice(HeadLength, length).CopyTo(room);
            bytes = bytes.Slice(HeadLength + length);
        }

        return FramingResult.NeedsMore;
    }

    /// <summary>Writes one datagram with its head.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> datagram, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, checked((ushort)datagram.Length));
        datagram.CopyTo(destination[HeadLength..]);
        return HeadLength + datagram.Length;
    }
}
