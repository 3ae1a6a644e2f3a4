using System.Runtime.CompilerServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// Where a socket puts what arrived: buffers in native memory, written by <see cref="IDatagramSocket.Receive"/> and read
/// as runs or datagram by datagram. Datagrams may be opened and changed in place.
/// </summary>
public sealed unsafe class ReceiveBatch : IDisposable
{
    /// <summary>Room for the control messages of one message: 112 bytes are used (traffic class, segment size, local address, fragment size).</summary>
    internal const int ControlLength = 128;

    private readonly NativeBlock _block;
    private readonly byte* _buffers;
    private readonly ReceivedMessage* _messages;

    /// <param name="capacity">Messages per receive: 16 are ample with offload, 64 without.</param>
    /// <param name="bufferLength">Bytes per message: 65,536 with offload, since a run may be that long.</param>
    public ReceiveBatch(int capacity = 16, int bufferLength = 65536)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bufferLength);
        Capacity = capacity;
        BufferLength = bufferLength;
        _block = new NativeBlock(NativeBlock.LengthOf<byte>(capacity * bufferLength) + NativeBlock.LengthOf<ReceivedMessage>(capacity)
            + NativeBlock.LengthOf<mmsghdr>(capacity) + NativeBlock.LengthOf<iovec>(capacity)
            + NativeBlock.LengthOf<sockaddr_in6>(capacity) + NativeBlock.LengthOf<byte>(capacity * ControlLength));
        _buffers = _block.Take<byte>(capacity * bufferLength);
        _messages = _block.Take<ReceivedMessage>(capacity);
        Headers = _block.Take<mmsghdr>(capacity);
        var vectors = _block.Take<iovec>(capacity);
        Sources = _block.Take<sockaddr_in6>(capacity);
        byte* controls = _block.Take<byte>(capacity * ControlLength);
        for (int i = 0; i < capacity; i++)
        {
            vectors[i] = new iovec { iov_base = Buffer(i), iov_len = (nuint)bufferLength };
            Headers[i].msg_hdr = new msghdr
            {
                msg_name = Sources + i,
                msg_iov = vectors + i,
                msg_iovlen = 1,
                msg_control = controls + i * ControlLength,
            };
            Rearm(i);
        }
    }

    /// <summary>Messages that one receive can bring.</summary>
    public int Capacity { get; }

    /// <summary>Bytes that one message can have.</summary>
    public int BufferLength { get; }

    /// <summary>Messages of the last receive.</summary>
    public int Count { get; private set; }

    /// <summary>Groups of neighbouring datagrams of one message whose first 8 bytes are equal: what routes alike in one look-up.</summary>
    public DatagramRunEnumerator Runs => new(this, split: false);

    /// <summary>The datagrams one by one, each as a run of one.</summary>
    public DatagramRunEnumerator Datagrams => new(this, split: true);

    internal mmsghdr* Headers { get; }

    internal sockaddr_in6* Sources { get; }

    /// <summary>Counts receives, so that a send batch can tell that what it points to was overwritten.</summary>
    internal int Generation { get; private set; }

    /// <summary>A batch that fits what the socket can bring.</summary>
    public static ReceiveBatch For(IDatagramSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.Capabilities.ReceiveOffload ? new ReceiveBatch(16, 65536) : new ReceiveBatch(64, 9216);
    }

    /// <summary>Empties the batch, for datagrams that come another way than by a socket.</summary>
    public void Clear() => Begin();

    /// <summary>
    /// Room for one datagram behind those of the batch; it joins the message before it when source and length are the same, as the system's own
    /// receive offload does. False when the batch is full.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The datagram is empty, or longer than <see cref="BufferLength"/>.</exception>
    public bool TryAdd(int length, in IpEndpoint source, out Span<byte> room)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, BufferLength);
        if (Count > 0)
        {
            ref var last = ref _messages[Count - 1];
            if (length <= last.SegmentSize && last.Length % last.SegmentSize == 0 && last.Source == source && last.Length + length <= BufferLength)
            {
                room = new Span<byte>(last.Start + last.Length, length);
                last.Length += length;
                return true;
            }
        }

        room = default;
        if (Count == Capacity)
            return false;
        byte* start = Buffer(Count);
        ref var message = ref Append();
        message.Start = start;
        message.Length = message.SegmentSize = length;
        message.Source = source;
        room = new Span<byte>(start, length);
        return true;
    }

    public void Dispose()
    {
        Count = 0;
        _block.Dispose();
    }

    internal byte* Buffer(int index) => _buffers + (nint)index * BufferLength;

    internal ReceivedMessage* Message(int index) => _messages + index;

    /// <summary>True when these bytes lie in the buffers.</summary>
    internal bool Contains(byte* start, int length) => start >= _buffers && start + length <= _buffers + (nint)Capacity * BufferLength;

    internal void Begin()
    {
        ObjectDisposedException.ThrowIf(_block.IsClosed, this);
        for (int i = 0; i < Count; i++)
            Rearm(i);
        Count = 0;
        Generation++;
    }

    internal ref ReceivedMessage Append()
    {
        ref var message = ref _messages[Count++];
        message = default;
        return ref message;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Rearm(int index)
    {
        ref var header = ref Headers[index].msg_hdr;
        header.msg_namelen = sockaddr_in6.Length;
        header.msg_controllen = ControlLength;
    }
}
