using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// UDP by System.Net.Sockets, one datagram per call, for systems without recvmmsg. Allocates nothing per datagram: addresses
/// go through <see cref="SocketAddress"/>, and readiness is asked before each receive since an empty socket would throw.
/// </summary>
internal sealed unsafe class PortableDatagramSocket : IDatagramSocket, IPortablePollable
{
    private const int SioUdpConnectionReset = -1744830452;
    private const int AddressOffset = 8;
    private const int PortOffset = 2;
    private const int Ipv4AddressOffset = 4;

    private readonly Socket _socket;
    private readonly bool _ipv6;
    private readonly SocketAddress _source;
    private readonly SocketAddress _destination;
    private readonly DatagramCapabilities _capabilities;
    private readonly Lock _sending = new();

    // Written by the owner of the socket, read by anyone.
    private long _receiveCalls;
    private long _receivedBytes;
    private long _truncated;
    private long _sendCalls;
    private long _sentMessages;
    private long _sentDatagrams;
    private long _sentBytes;
    private long _sendDropped;
    private long _sendRefused;
    private int _lastErrno;

    internal PortableDatagramSocket(DatagramSocketOptions options)
    {
        _ipv6 = options.Ipv6 && Socket.OSSupportsIPv6;
        var family = _ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        _source = new SocketAddress(family);
        _destination = new SocketAddress(family);
        try
        {
            _socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        }
        catch (SocketException e)
        {
            throw new NetworkException("UDP socket", SocketFault.From(e));
        }

        try
        {
            _capabilities = Configure(options);
            _socket.Bind(Framework(options.Local));
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new NetworkException($"UDP {options.Local}", SocketFault.From(e));
        }

        var local = (IPEndPoint)_socket.LocalEndPoint!;
        Local = new IpEndpoint(IpAddress.From(local.Address), (ushort)local.Port);
    }

    public nint Handle => _socket.Handle;

    Socket IPortablePollable.Socket => _socket;

    public IpEndpoint Local { get; }

    public DatagramCapabilities Capabilities => _capabilities;

    public DatagramCounters Counters => new()
    {
        ReceiveCalls = _receiveCalls,
        ReceivedMessages = _receiveCalls,
        ReceivedDatagrams = _receiveCalls,
        ReceivedBytes = _receivedBytes,
        Truncated = _truncated,
        SendCalls = _sendCalls,
        SentMessages = _sentMessages,
        SentDatagrams = _sentDatagrams,
        SentBytes = _sentBytes,
        SendDropped = _sendDropped,
        SendRefused = _sendRefused,
        LastErrno = _lastErrno,
    };

    public bool IsBacklogged => false;

    public int Receive(ReceiveBatch batch, int timeoutMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Begin();
        int wait = timeoutMilliseconds < 0 ? -1 : (int)Math.Min(timeoutMilliseconds * 1000L, int.MaxValue);
        for (int i = 0; i < batch.Capacity && _socket.Poll(i == 0 ? wait : 0, SelectMode.SelectRead); i++)
            Take(batch, i);
        return batch.Count;
    }

    public void Send(SendBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.AssertReferencesLive();
        lock (_sending)
        {
            for (int i = 0; i < batch.Count; i++)
                SendMessage(batch.Message(i), batch.Vectors(i));
        }

        batch.Clear();
    }

    public IDatagramSender OpenSender() => new PortableDatagramSender(this);

    public void Dispose() => _socket.Dispose();

    private DatagramCapabilities Configure(DatagramSocketOptions options)
    {
        if (_ipv6)
            _socket.DualMode = true;
        if (options.ReusePort)
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (OperatingSystem.IsWindows())
            _socket.IOControl(SioUdpConnectionReset, [0, 0, 0, 0], null);
        // Asking for more than the system's limit is refused on some systems and capped on others.
        try
        {
            _socket.ReceiveBufferSize = options.BufferLength;
            _socket.SendBufferSize = options.BufferLength;
        }
        catch (SocketException)
        {
            // The sizes are read back below and make the warning.
        }

        int doubled = OperatingSystem.IsLinux() ? 2 : 1;
        return new DatagramCapabilities
        {
            Backend = NetBackend.Portable,
            Ipv6 = _ipv6,
            ReceiveBufferLength = _socket.ReceiveBufferSize,
            SendBufferLength = _socket.SendBufferSize,
            Warning = BufferWarning.For(options.BufferLength, _socket.ReceiveBufferSize / doubled, _socket.SendBufferSize / doubled),
        };
    }

    private IPEndPoint Framework(in IpEndpoint endpoint)
    {
        if (!_ipv6 && endpoint.Address == IpAddress.Ipv6Any)
            return new IPEndPoint(IPAddress.Any, endpoint.Port);
        var address = endpoint.Address.ToIPAddress();
        return new IPEndPoint(_ipv6 && endpoint.Address.IsIpv4 ? address.MapToIPv6() : address, endpoint.Port);
    }

    private void Take(ReceiveBatch batch, int index)
    {
        var buffer = batch.Buffer(index);
        int length;
        try
        {
            length = _socket.ReceiveFrom(new Span<byte>(buffer, batch.BufferLength), SocketFlags.None, _source);
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode == SocketError.MessageSize)
                _truncated++;
            _lastErrno = e.NativeErrorCode;
            return;
        }

        if (length == batch.BufferLength)
        {
            // The framework does not report truncation here: a full buffer may be a cut datagram.
            _truncated++;
            return;
        }

        ref var message = ref batch.Append();
        message.Start = buffer;
        message.Length = message.SegmentSize = length;
        message.Source = Read(_source);
        _receiveCalls++;
        _receivedBytes += length;
    }

    private void SendMessage(OutgoingMessage* message, iovec* vectors)
    {
        if (!_ipv6 && !message->Destination.Address.IsIpv4)
        {
            _sendRefused += message->Segments;
            return;
        }

        Write(_destination, message->Destination);
        _sentMessages++;
        for (int v = 0; v < message->Vectors; v++)
        {
            byte* start = vectors[v].iov_base;
            int length = (int)vectors[v].iov_len;
            int offset = 0;
            do
            {
                int size = Math.Min(message->SegmentSize, length - offset);
                SendOne(new ReadOnlySpan<byte>(start + offset, size));
                offset += size;
            }
            while (offset < length);
        }
    }

    private void SendOne(ReadOnlySpan<byte> datagram)
    {
        int sent;
        try
        {
            sent = _socket.SendTo(datagram, SocketFlags.None, _destination);
        }
        catch (SocketException e)
        {
            _lastErrno = e.NativeErrorCode;
            if (e.SocketErrorCode is SocketError.NoBufferSpaceAvailable or SocketError.WouldBlock)
                _sendDropped++;
            else
                _sendRefused++;
            return;
        }

        _sendCalls++;
        _sentDatagrams++;
        _sentBytes += sent;
    }

    private void Write(SocketAddress name, in IpEndpoint endpoint)
    {
        var bytes = name.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortOffset..], endpoint.Port);
        if (_ipv6)
            endpoint.Address.Write16To(bytes[AddressOffset..]);
        else
            endpoint.Address.WriteTo(bytes[Ipv4AddressOffset..]);
    }

    private IpEndpoint Read(SocketAddress name)
    {
        var bytes = name.Buffer.Span;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]);
        return new IpEndpoint(IpAddress.FromBytes(_ipv6 ? bytes.Slice(AddressOffset, 16) : bytes.Slice(Ipv4AddressOffset, 4)), port);
    }
}
