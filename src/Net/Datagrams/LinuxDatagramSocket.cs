using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// UDP by recvmmsg and sendmmsg with UDP_GRO and UDP_SEGMENT (udp(7)). One dual stack socket; path MTU discovery is left
/// out (IP_PMTUDISC_OMIT), which is what WireGuard's own outer packets do and is deaf to forged "fragmentation needed".
/// </summary>
internal sealed unsafe class LinuxDatagramSocket : IDatagramSocket
{
    private const int NeverTimesOut = -1;

    private readonly int _descriptor;
    private readonly int _family;
    private readonly DatagramCapabilities _capabilities;
    private readonly DatagramTransmitter _transmitter;
    private readonly long _spin;

    private int _receiveTimeout = NeverTimesOut;
    private long _lastArrival;
    private bool _disposed;

    // Written by the owner of the socket, read by anyone.
    private long _receiveCalls;
    private long _receivedMessages;
    private long _receivedDatagrams;
    private long _receivedBytes;
    private long _truncated;
    private int _lastErrno;

    // Replaced under the lock, read by anyone: the owner's transmitter and those of other threads.
    private readonly Lock _opening = new();
    private volatile DatagramTransmitter[] _transmitters;

    internal LinuxDatagramSocket(DatagramSocketOptions options, bool offload)
    {
        (_descriptor, _family) = Open(options.Ipv6);
        try
        {
            _capabilities = Configure(options, offload);
            Bind(options.Local);
        }
        catch
        {
            _ = Libc.close(_descriptor);
            throw;
        }

        Local = LocalEndpoint();
        _spin = options.SpinMicroseconds;
        _transmitter = new DatagramTransmitter(_descriptor, _family, _capabilities.SendOffload);
        _transmitters = [_transmitter];
    }

    public nint Handle => _descriptor;

    public IpEndpoint Local { get; }

    public DatagramCapabilities Capabilities => _capabilities with { SendOffload = _transmitter.Offload };

    public DatagramCounters Counters
    {
        get
        {
            uint* memory = stackalloc uint[Libc.SK_MEMINFO_VARS];
            ReadMemory(memory);
            var counters = new DatagramCounters
            {
                ReceiveCalls = _receiveCalls,
                ReceivedMessages = _receivedMessages,
                ReceivedDatagrams = _receivedDatagrams,
                ReceivedBytes = _receivedBytes,
                Truncated = _truncated,
                Overflowed = memory[Libc.SK_MEMINFO_DROPS],
                ReceiveQueueLength = memory[Libc.SK_MEMINFO_RMEM_ALLOC],
                SendQueueLength = memory[Libc.SK_MEMINFO_WMEM_ALLOC],
                LastErrno = _lastErrno,
            };
            foreach (var transmitter in _transmitters)
                counters = transmitter.AddTo(counters);
            return counters;
        }
    }

    public bool IsBacklogged
    {
        get
        {
            uint* memory = stackalloc uint[Libc.SK_MEMINFO_VARS];
            ReadMemory(memory);
            return memory[Libc.SK_MEMINFO_RMEM_ALLOC] > memory[Libc.SK_MEMINFO_RCVBUF] / 2;
        }
    }

    public int Receive(ReceiveBatch batch, int timeoutMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_disposed, this);
        batch.Begin();
        int received = _spin > 0 && timeoutMilliseconds != 0 ? Spin(batch) : 0;
        if (received <= 0)
            received = timeoutMilliseconds == 0 ? Call(batch, Libc.MSG_DONTWAIT) : Wait(batch, timeoutMilliseconds);
        for (int i = 0; i < received; i++)
            Take(batch, i);
        return batch.Count;
    }

    public void Send(SendBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_disposed, this);
        batch.AssertReferencesLive();
        _transmitter.Send(batch);
        batch.Clear();
    }

    public IDatagramSender OpenSender()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var transmitter = new DatagramTransmitter(_descriptor, _family, _transmitter.Offload);
        lock (_opening)
            _transmitters = [.. _transmitters, transmitter];
        return new LinuxDatagramSender(transmitter);
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = Libc.close(_descriptor);
        _transmitter.Dispose();
    }

    /// <summary>Before Linux 4.12, or once closed, it is not there and the values are 0.</summary>
    private void ReadMemory(uint* memory)
    {
        new Span<uint>(memory, Libc.SK_MEMINFO_VARS).Clear();
        uint length = Libc.SK_MEMINFO_VARS * sizeof(uint);
        _ = _disposed ? 0 : Libc.getsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_MEMINFO, memory, &length);
    }

    private static (int Descriptor, int Family) Open(bool ipv6)
    {
        const int Type = Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC;
        int descriptor = ipv6 ? Libc.socket(Libc.AF_INET6, Type, 0) : -1;
        if (descriptor >= 0)
            return (descriptor, Libc.AF_INET6);
        var fault = ipv6 ? SocketFault.Last() : SocketFault.None;
        if (fault.Errno is not (0 or Errno.EAFNOSUPPORT))
            NetworkException.Throw(fault, "UDP socket");
        descriptor = Libc.socket(Libc.AF_INET, Type, 0);
        if (descriptor < 0)
            NetworkException.Throw(SocketFault.Last(), "UDP socket");
        return (descriptor, Libc.AF_INET);
    }

    private DatagramCapabilities Configure(DatagramSocketOptions options, bool offload)
    {
        bool ipv6 = _family == Libc.AF_INET6;
        if (ipv6)
        {
            Require(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 0);
            Try(Libc.SOL_IPV6, Libc.IPV6_RECVTCLASS, 1);
            Try(Libc.SOL_IPV6, Libc.IPV6_MTU_DISCOVER, Libc.IP_PMTUDISC_OMIT);
        }

        // IPv4 on a dual stack socket has its own options.
        Try(Libc.SOL_IP, Libc.IP_RECVTOS, 1);
        Try(Libc.SOL_IP, Libc.IP_MTU_DISCOVER, Libc.IP_PMTUDISC_OMIT);
        if (options.ReusePort)
            Require(Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1);
        bool tellsFragments = Try(Libc.SOL_IP, Libc.IP_RECVFRAGSIZE, 1) && (!ipv6 || Try(Libc.SOL_IPV6, Libc.IPV6_RECVFRAGSIZE, 1));
        bool wildcard = options.Local.Address == IpAddress.Ipv6Any || options.Local.Address == IpAddress.Ipv4Any;
        int receiveBuffer = SetBuffer(Libc.SO_RCVBUFFORCE, Libc.SO_RCVBUF, options.BufferLength);
        int sendBuffer = SetBuffer(Libc.SO_SNDBUFFORCE, Libc.SO_SNDBUF, options.BufferLength);
        return new DatagramCapabilities
        {
            Backend = offload ? NetBackend.Linux : NetBackend.LinuxPlain,
            Ipv6 = ipv6,
            TrafficClass = true,
            PathProbes = tellsFragments,
            LocalAddress = ipv6 && wildcard && Try(Libc.SOL_IPV6, Libc.IPV6_RECVPKTINFO, 1),
            ReceiveOffload = offload && Try(Libc.SOL_UDP, Libc.UDP_GRO, 1),
            // Setting 0 changes nothing and tells whether the option exists.
            SendOffload = offload && Try(Libc.SOL_UDP, Libc.UDP_SEGMENT, 0),
            ReceiveBufferLength = receiveBuffer,
            SendBufferLength = sendBuffer,
            Warning = BufferWarning.For(options.BufferLength, receiveBuffer / 2, sendBuffer / 2),
        };
    }

    private int SetBuffer(int force, int option, int length)
    {
        if (!Try(Libc.SOL_SOCKET, force, length))
            Try(Libc.SOL_SOCKET, option, length);
        int value = 0;
        uint size = sizeof(int);
        _ = Libc.getsockopt(_descriptor, Libc.SOL_SOCKET, option, &value, &size);
        return value;
    }

    private bool Try(int level, int option, int value) => Libc.setsockopt(_descriptor, level, option, value) == 0;

    private void Require(int level, int option, int value)
    {
        if (!Try(level, option, value))
            NetworkException.Throw(SocketFault.Last(), $"UDP socket option {level}/{option}");
    }

    private void Bind(in IpEndpoint local)
    {
        if (_family == Libc.AF_INET && !local.Address.IsIpv4 && local.Address != IpAddress.Ipv6Any)
            NetworkException.Throw(SocketFault.FromErrno(Errno.EAFNOSUPPORT), $"UDP {local}");
        // 0.0.0.0 on a dual stack socket is the mapped wildcard: IPv4 only, as asked.
        var name = sockaddr_in6.FromEndpoint(local, _family);
        if (Libc.bind(_descriptor, &name, sockaddr_in6.LengthOf(_family)) != 0)
            NetworkException.Throw(SocketFault.Last(), $"UDP {local}");
    }

    private IpEndpoint LocalEndpoint()
    {
        sockaddr_in6 name;
        uint length = sockaddr_in6.Length;
        if (Libc.getsockname(_descriptor, &name, &length) != 0)
            NetworkException.Throw(SocketFault.Last(), "UDP socket address");
        return name.ToEndpoint();
    }

    private int Call(ReceiveBatch batch, int flags)
    {
        _receiveCalls++;
        int received = Libc.recvmmsg(_descriptor, batch.Headers, batch.Capacity, flags);
        if (received < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is not (Errno.EAGAIN or Errno.EINTR))
                _lastErrno = errno;
            return 0;
        }

        if (_spin > 0)
            _lastArrival = MonotonicClock.Now;
        return received;
    }

    private int Wait(ReceiveBatch batch, int timeoutMilliseconds)
    {
        if (timeoutMilliseconds != _receiveTimeout)
        {
            timeval timeout = timeoutMilliseconds < 0
                ? default
                : new timeval { tv_sec = timeoutMilliseconds / 1000, tv_usec = timeoutMilliseconds % 1000 * 1000 };
            _ = Libc.setsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, &timeout, (uint)sizeof(timeval));
            _receiveTimeout = timeoutMilliseconds;
        }

        return Call(batch, Libc.MSG_WAITFORONE);
    }

    /// <summary>Polls while datagrams have been coming closer together than the limit: waking a halted CPU costs 25 us.</summary>
    private int Spin(ReceiveBatch batch)
    {
        long start = MonotonicClock.Now;
        if (start - _lastArrival > _spin)
            return 0;
        do
        {
            int received = Call(batch, Libc.MSG_DONTWAIT);
            if (received > 0)
                return received;
        }
        while (MonotonicClock.Now - start < _spin);
        return 0;
    }

    private void Take(ReceiveBatch batch, int index)
    {
        ref var header = ref batch.Headers[index];
        // Without all of the control data a run would look like one datagram.
        if ((header.msg_hdr.msg_flags & (Libc.MSG_TRUNC | Libc.MSG_CTRUNC)) != 0)
        {
            _truncated++;
            batch.Rearm(index);
            return;
        }

        ref var message = ref batch.Append();
        message.Start = batch.Buffer(index);
        message.Length = message.SegmentSize = (int)header.msg_len;
        message.Source = batch.Sources[index].ToEndpoint();
        ControlMessages.Read(header.msg_hdr, ref message);
        if (message.SegmentSize <= 0)
            message.SegmentSize = message.Length;
        batch.Rearm(index);
        _receivedMessages++;
        _receivedBytes += message.Length;
        _receivedDatagrams += message.Length <= message.SegmentSize ? 1 : (message.Length + message.SegmentSize - 1) / message.SegmentSize;
    }
}
