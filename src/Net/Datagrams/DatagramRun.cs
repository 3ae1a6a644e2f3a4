using System.Diagnostics;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// One datagram, or several of one source that lie behind each other: all <see cref="SegmentSize"/> bytes long, the last
/// perhaps shorter. It points into its <see cref="ReceiveBatch"/> and is valid until the next receive into that.
/// </summary>
public readonly unsafe ref struct DatagramRun
{
    private readonly ReceivedMessage* _message;
    private readonly byte* _start;

    internal DatagramRun(ReceiveBatch owner, ReceivedMessage* message, byte* start, int length, int segmentSize, int count)
    {
        Debug.Assert(length > (count - 1) * segmentSize || count == 1);
        Debug.Assert(length <= count * segmentSize);
        Owner = owner;
        _message = message;
        _start = start;
        Length = length;
        SegmentSize = segmentSize;
        Count = count;
    }

    /// <summary>Bytes of all datagrams together.</summary>
    public int Length { get; }

    /// <summary>Bytes of each datagram but the last.</summary>
    public int SegmentSize { get; }

    /// <summary>Datagrams, at least 1.</summary>
    public int Count { get; }

    /// <summary>All datagrams, without a gap. They may be changed in place.</summary>
    public Span<byte> Bytes => new(_start, Length);

    /// <summary>The first datagram.</summary>
    public Span<byte> First => new(_start, Math.Min(SegmentSize, Length));

    public Span<byte> Last => new(_start + (Count - 1) * SegmentSize, Length - (Count - 1) * SegmentSize);

    public ref readonly IpEndpoint Source => ref _message->Source;

    /// <summary>The address of this host that it was sent to; [::] where the system does not say.</summary>
    public ref readonly IpAddress Local => ref _message->Local;

    /// <summary>TOS or traffic class, ECN in the two low bits.</summary>
    public byte TrafficClass => _message->TrafficClass;

    /// <summary>It came in IP fragments: the path is narrower than the datagram. False where the system does not say.</summary>
    public bool IsFragmented => _message->IsFragmented;

    internal ReceiveBatch Owner { get; }

    internal byte* Start => _start;

    /// <summary>One of the datagrams.</summary>
    public Span<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            int offset = index * SegmentSize;
            return new(_start + offset, Math.Min(SegmentSize, Length - offset));
        }
    }

    /// <summary>The first <paramref name="count"/> datagrams.</summary>
    public DatagramRun Take(int count) => Slice(0, count);

    /// <summary>The datagrams from <paramref name="start"/>, at least one.</summary>
    public DatagramRun Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        int offset = start * SegmentSize;
        int length = Math.Min(count * SegmentSize, Length - offset);
        return new(Owner, _message, _start + offset, length, Math.Min(SegmentSize, length), count);
    }
}
