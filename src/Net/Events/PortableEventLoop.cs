using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// The twin of <see cref="EpollEventLoop"/> on <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/>,
/// for other systems: its work per turn grows with the number of sockets.
/// </summary>
internal sealed class PortableEventLoop : EventLoop
{
    private const long LongestWait = 1_000_000;

    private readonly Dictionary<Socket, Registration> _registrations = [];
    private readonly List<Socket> _read = [];
    private readonly List<Socket> _write = [];
    private readonly List<Socket> _error = [];
    private readonly List<(Socket Socket, Registration Registration)> _ready = [];
    private readonly Socket _wakeReceiver;
    private readonly Socket _wakeSender;
    private readonly byte[] _wakeByte = new byte[1];

    internal PortableEventLoop()
    {
        _wakeReceiver = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _wakeReceiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wakeSender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _wakeSender.Connect(_wakeReceiver.LocalEndPoint!);
        // Nobody else on this host may keep the loop awake.
        _wakeReceiver.Connect(_wakeSender.LocalEndPoint!);
    }

    public override void Add(IPollable pollable, Readiness interest, IReadinessHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (!_registrations.TryAdd(SocketOf(pollable), new Registration { Handler = handler, Interest = interest }))
            throw new InvalidOperationException("The socket is registered already.");
    }

    public override void SetInterest(IPollable pollable, Readiness interest)
    {
        if (!_registrations.TryGetValue(SocketOf(pollable), out var registration))
            throw new InvalidOperationException("The socket is not registered.");
        registration.Interest = interest;
    }

    public override void Remove(IPollable pollable)
    {
        if (_registrations.Remove(SocketOf(pollable), out var registration))
            registration.Interest = Readiness.None;
    }

    public override bool TryConnectTcp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        PortableNonBlockingSocket.TryConnect(SocketType.Stream, ProtocolType.Tcp, remote, out socket, out fault);

    public override bool TryConnectUdp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        PortableNonBlockingSocket.TryConnect(SocketType.Dgram, ProtocolType.Udp, remote, out socket, out fault);

    public override bool TryOpenEcho(in IpAddress target, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        PortableNonBlockingSocket.TryConnect(
            SocketType.Dgram, target.IsIpv4 ? ProtocolType.Icmp : ProtocolType.IcmpV6, new IpEndpoint(target, 0), out socket, out fault);

    private protected override void Dispose(bool disposing)
    {
        _wakeReceiver.Dispose();
        _wakeSender.Dispose();
    }

    private protected override int WaitAndDispatch(long deadline)
    {
        Collect();
        long wait = Math.Clamp(deadline == long.MaxValue ? LongestWait : deadline - MonotonicClock.Now, 0, LongestWait);
        Socket.Select(_read, _write.Count == 0 ? null : _write, _error, (int)wait);
        MarkReady(_read, Readiness.Read);
        MarkReady(_write, Readiness.Write);
        MarkReady(_error, Readiness.Read | Readiness.Write);
        int ran = 0;
        foreach (var (_, registration) in _ready)
        {
            var ready = registration.Ready & registration.Interest;
            registration.Ready = Readiness.None;
            if (ready == Readiness.None)
                continue;
            registration.Handler.OnReady(ready);
            ran++;
        }

        return ran;
    }

    private protected override void Signal() => _wakeSender.Send(_wakeByte, SocketFlags.None, out _);

    private static Socket SocketOf(IPollable pollable)
    {
        ArgumentNullException.ThrowIfNull(pollable);
        return (pollable as IPortablePollable)?.Socket
            ?? throw new ArgumentException($"{pollable.GetType().Name} cannot be waited for by the portable loop.", nameof(pollable));
    }

    private void Collect()
    {
        _read.Clear();
        _write.Clear();
        _error.Clear();
        _ready.Clear();
        _read.Add(_wakeReceiver);
        foreach (var (socket, registration) in _registrations)
        {
            if ((registration.Interest & Readiness.Read) != 0)
                _read.Add(socket);
            if ((registration.Interest & Readiness.Write) != 0)
                _write.Add(socket);
            if (registration.Interest != Readiness.None)
                _error.Add(socket);
        }
    }

    private void MarkReady(List<Socket> sockets, Readiness readiness)
    {
        foreach (var socket in sockets)
        {
            if (socket == _wakeReceiver)
            {
                DrainWake();
                continue;
            }

            var registration = _registrations[socket];
            if (registration.Ready == Readiness.None)
                _ready.Add((socket, registration));
            registration.Ready |= readiness;
        }
    }

    private void DrainWake()
    {
        while (_wakeReceiver.Available > 0)
            _wakeReceiver.Receive(_wakeByte, SocketFlags.None, out _);
        // Last: a signal sent after this is not swallowed above, one held back before it is served by this turn.
        ClearSignal();
    }

    private sealed class Registration
    {
        internal required IReadinessHandler Handler;
        internal Readiness Interest;
        internal Readiness Ready;
    }
}
