using System.Runtime.InteropServices;

namespace Keyhole.Net;

/// <summary>
/// Puts a send batch on the wire with sendmmsg: a run as one message with UDP_SEGMENT where the system takes it, as single
/// datagrams, gathered from the same memory, where not. Order is kept in both cases.
/// </summary>
internal sealed unsafe class DatagramTransmitter : IDisposable
{
    private const int HeaderCount = 256;
    private const int SendFlags = Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL;

    private readonly int _descriptor;
    private readonly int _family;
    private readonly NativeBlock _block;
    private readonly mmsghdr* _headers;
    private readonly sockaddr_in6* _names;
    private readonly byte* _controls;
    private readonly iovec* _vectors;
    private readonly OutgoingMessage** _messages;
    private readonly OffloadRefusals _refusals = new();

    private int _count;

    internal DatagramTransmitter(int descriptor, int family, bool offload)
    {
        _descriptor = descriptor;
        _family = family;
        Offload = offload;
        _block = new NativeBlock(NativeBlock.LengthOf<mmsghdr>(HeaderCount) + NativeBlock.LengthOf<sockaddr_in6>(HeaderCount)
            + NativeBlock.LengthOf<byte>(HeaderCount * ControlMessages.MaximumLength) + NativeBlock.LengthOf<iovec>(HeaderCount)
            + NativeBlock.LengthOf<nint>(HeaderCount));
        _headers = _block.Take<mmsghdr>(HeaderCount);
        _names = _block.Take<sockaddr_in6>(HeaderCount);
        _controls = _block.Take<byte>(HeaderCount * ControlMessages.MaximumLength);
        _vectors = _block.Take<iovec>(HeaderCount);
        _messages = (OutgoingMessage**)_block.Take<nint>(HeaderCount);
    }

    /// <summary>UDP_SEGMENT is there, and was not refused for good.</summary>
    internal bool Offload { get; private set; }

    // Written by the owner of the socket, read by anyone.
    private long _calls;
    private long _sentMessages;
    private long _sentDatagrams;
    private long _sentBytes;
    private long _dropped;
    private long _refused;
    private long _offloadRefused;
    private int _lastErrno;

    internal void Send(SendBatch batch)
    {
        bool hasWhole = false;
        for (int i = 0; i < batch.Count; i++)
        {
            var message = batch.Message(i);
            if (_family == Libc.AF_INET && !message->Destination.Address.IsIpv4)
            {
                _lastErrno = Errno.EAFNOSUPPORT;
                _refused += message->Segments;
                continue;
            }

            if (message->Whole)
            {
                hasWhole = true;
                continue;
            }

            if (message->Segments > 1 && !(Offload && !_refusals.Contains(message->Destination, message->SegmentSize)))
            {
                AddSegments(message, batch.Vectors(i));
                continue;
            }

            Add(message, batch.Vectors(i), message->Vectors, segmented: message->Segments > 1);
        }

        Flush();
        if (hasWhole)
            SendWhole(batch);
    }

    /// <summary>The same counters with what was sent here on top.</summary>
    internal DatagramCounters AddTo(in DatagramCounters counters) => counters with
    {
        SendCalls = counters.SendCalls + _calls,
        SentMessages = counters.SentMessages + _sentMessages,
        SentDatagrams = counters.SentDatagrams + _sentDatagrams,
        SentBytes = counters.SentBytes + _sentBytes,
        SendDropped = counters.SendDropped + _dropped,
        SendRefused = counters.SendRefused + _refused,
        OffloadRefused = counters.OffloadRefused + _offloadRefused,
        LastErrno = _lastErrno != 0 ? _lastErrno : counters.LastErrno,
    };

    public void Dispose() => _block.Dispose();

    private void Add(OutgoingMessage* message, iovec* vectors, int vectorCount, bool segmented)
    {
        if (_count == HeaderCount)
            Flush();
        int i = _count++;
        byte* control = _controls + i * ControlMessages.MaximumLength;
        int controlLength = ControlMessages.Write(control, *message, segmented);
        _names[i] = sockaddr_in6.FromEndpoint(message->Destination, _family);
        _headers[i].msg_hdr = new msghdr
        {
            msg_name = _names + i,
            msg_namelen = sockaddr_in6.LengthOf(_family),
            msg_iov = vectors,
            msg_iovlen = (nuint)vectorCount,
            msg_control = controlLength == 0 ? null : control,
            msg_controllen = (nuint)controlLength,
        };
        _messages[i] = message;
    }

    /// <summary>
    /// The datagrams with DF, which is an option of the socket and not of a message: those of a batch leave together, behind all others, so that however many
    /// peers ask for them they break up no calls. They are probes and belong to no flow.
    /// </summary>
    private void SendWhole(SendBatch batch)
    {
        SetDiscovery(Libc.IP_PMTUDISC_PROBE);
        for (int i = 0; i < batch.Count; i++)
        {
            var message = batch.Message(i);
            if (message->Whole && (_family != Libc.AF_INET || message->Destination.Address.IsIpv4))
                Add(message, batch.Vectors(i), message->Vectors, segmented: false);
        }

        Flush();
        SetDiscovery(Libc.IP_PMTUDISC_OMIT);
    }

    /// <summary>For both families that the socket sends to; their values are the same.</summary>
    private void SetDiscovery(int value)
    {
        _ = Libc.setsockopt(_descriptor, Libc.SOL_IP, Libc.IP_MTU_DISCOVER, value);
        if (_family != Libc.AF_INET)
            _ = Libc.setsockopt(_descriptor, Libc.SOL_IPV6, Libc.IPV6_MTU_DISCOVER, value);
    }

    /// <summary>Each datagram of a run as a message of its own.</summary>
    private void AddSegments(OutgoingMessage* message, iovec* vectors)
    {
        for (int v = 0; v < message->Vectors; v++)
        {
            byte* end = vectors[v].iov_base + vectors[v].iov_len;
            for (byte* at = vectors[v].iov_base; at < end; at += message->SegmentSize)
            {
                if (_count == HeaderCount)
                    Flush();
                var vector = _vectors + _count;
                *vector = new iovec { iov_base = at, iov_len = (nuint)Math.Min(message->SegmentSize, end - at) };
                Add(message, vector, 1, segmented: false);
            }
        }
    }

    private void Flush()
    {
        int count = _count;
        _count = 0;
        for (int done = 0; done < count;)
        {
            int sent = Libc.sendmmsg(_descriptor, _headers + done, count - done, SendFlags);
            _calls++;
            if (sent > 0)
            {
                for (int i = done; i < done + sent; i++)
                    CountSent(i);
                done += sent;
                continue;
            }

            // The call stops before the first message that fails, and says why only when that one is first.
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EINTR)
                continue;
            Fail(done++, errno);
        }
    }

    private bool IsSegmented(int index) => _headers[index].msg_hdr.msg_iovlen > 1 || _headers[index].msg_hdr.msg_iov->iov_len > (nuint)_messages[index]->SegmentSize;

    private void CountSent(int index)
    {
        _sentMessages++;
        _sentDatagrams += IsSegmented(index) ? _messages[index]->Segments : 1;
        _sentBytes += _headers[index].msg_len;
    }

    private void Fail(int index, int errno)
    {
        var message = _messages[index];
        bool segmented = IsSegmented(index);
        _lastErrno = errno;
        if (segmented && errno is Errno.EIO or Errno.EINVAL or Errno.EMSGSIZE)
        {
            _offloadRefused++;
            // EIO: the device cannot. The others: not on this path, whose MTU is below the segment size.
            if (errno == Errno.EIO)
                Offload = false;
            else
                _refusals.Add(message->Destination, message->SegmentSize, MonotonicClock.Now);
            SendOneByOne(message, _headers[index].msg_hdr.msg_iov);
            return;
        }

        int datagrams = segmented ? message->Segments : 1;
        if (errno is Errno.EAGAIN or Errno.ENOBUFS)
            _dropped += datagrams;
        else
            _refused += datagrams;
    }

    /// <summary>Between two calls of sendmmsg, so that the headers behind this message stay as they are.</summary>
    private void SendOneByOne(OutgoingMessage* message, iovec* vectors)
    {
        byte* control = stackalloc byte[ControlMessages.MaximumLength];
        int controlLength = ControlMessages.Write(control, *message, segmented: false);
        var name = sockaddr_in6.FromEndpoint(message->Destination, _family);
        iovec vector;
        mmsghdr header = default;
        header.msg_hdr = new msghdr
        {
            msg_name = &name,
            msg_namelen = sockaddr_in6.LengthOf(_family),
            msg_iov = &vector,
            msg_iovlen = 1,
            msg_control = controlLength == 0 ? null : control,
            msg_controllen = (nuint)controlLength,
        };
        for (int v = 0; v < message->Vectors; v++)
        {
            byte* end = vectors[v].iov_base + vectors[v].iov_len;
            for (byte* at = vectors[v].iov_base; at < end; at += message->SegmentSize)
            {
                vector = new iovec { iov_base = at, iov_len = (nuint)Math.Min(message->SegmentSize, end - at) };
                SendOne(&header);
            }
        }
    }

    private void SendOne(mmsghdr* header)
    {
        int errno;
        do
        {
            _calls++;
            if (Libc.sendmmsg(_descriptor, header, 1, SendFlags) == 1)
            {
                _sentMessages++;
                _sentDatagrams++;
                _sentBytes += header->msg_len;
                return;
            }

            errno = Marshal.GetLastPInvokeError();
        }
        while (errno == Errno.EINTR);
        _lastErrno = errno;
        if (errno is Errno.EAGAIN or Errno.ENOBUFS)
            _dropped++;
        else
            _refused++;
    }
}
