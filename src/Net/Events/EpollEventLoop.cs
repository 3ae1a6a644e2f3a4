using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>epoll(7) and eventfd(2). Registrations lie in an array by descriptor; a generation in the event tells stale ones.</summary>
internal sealed unsafe class EpollEventLoop : EventLoop
{
    private const int EventCount = 256;
    private const long NanosecondsPerMicrosecond = 1000;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly NativeBlock _block;
    private readonly byte* _events;

    private Registration[] _registrations = new Registration[64];
    private uint _generation;
    private bool _coarseTimer;
    private bool _disposed;

    internal EpollEventLoop()
    {
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0)
            NetworkException.Throw(SocketFault.Last(), "epoll");
        _wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (_wake < 0)
        {
            _ = Libc.close(_epoll);
            NetworkException.Throw(SocketFault.Last(), "eventfd");
        }

        _block = new NativeBlock(NativeBlock.LengthOf<byte>(EventCount * epoll_event.Size));
        _events = _block.Take<byte>(EventCount * epoll_event.Size);
        Control(Libc.EPOLL_CTL_ADD, _wake, Readiness.Read, 0);
    }

    public override void Add(IPollable pollable, Readiness interest, IReadinessHandler handler)
    {
        ArgumentNullException.ThrowIfNull(pollable);
        ArgumentNullException.ThrowIfNull(handler);
        int descriptor = (int)pollable.Handle;
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor, nameof(pollable));
        if (descriptor >= _registrations.Length)
            Array.Resize(ref _registrations, Math.Max(descriptor + 1, _registrations.Length * 2));
        ref var registration = ref _registrations[descriptor];
        if (registration.Handler is not null)
            throw new InvalidOperationException("The socket is registered, or one with its handle was closed without being removed.");
        registration = new Registration { Handler = handler, Interest = interest, Generation = ++_generation };
        if (interest != Readiness.None)
            Control(Libc.EPOLL_CTL_ADD, descriptor, interest, _generation);
    }

    public override void SetInterest(IPollable pollable, Readiness interest)
    {
        ref var registration = ref Find(pollable, out int descriptor);
        if (descriptor < 0)
            throw new InvalidOperationException("The socket is not registered.");
        if (registration.Interest == interest)
            return;
        // An empty interest would still report breakage, every turn: such a socket leaves the set.
        int operation = registration.Interest == Readiness.None ? Libc.EPOLL_CTL_ADD
            : interest == Readiness.None ? Libc.EPOLL_CTL_DEL : Libc.EPOLL_CTL_MOD;
        registration.Interest = interest;
        Control(operation, descriptor, interest, registration.Generation);
    }

    public override void Remove(IPollable pollable)
    {
        ref var registration = ref Find(pollable, out int descriptor);
        if (descriptor < 0)
            return;
        if (registration.Interest != Readiness.None)
            Control(Libc.EPOLL_CTL_DEL, descriptor, Readiness.None, 0);
        registration = default;
    }

    public override bool TryConnectTcp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        LinuxNonBlockingSocket.TryConnect(Libc.SOCK_STREAM, 0, remote, out socket, out fault);

    public override bool TryConnectUdp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        LinuxNonBlockingSocket.TryConnect(Libc.SOCK_DGRAM, 0, remote, out socket, out fault);

    public override bool TryOpenEcho(in IpAddress target, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault) =>
        LinuxNonBlockingSocket.TryConnect(
            Libc.SOCK_DGRAM, target.IsIpv4 ? Libc.IPPROTO_ICMP : Libc.IPPROTO_ICMPV6, new IpEndpoint(target, 0), out socket, out fault);

    private protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = Libc.close(_wake);
        _ = Libc.close(_epoll);
        _block.Dispose();
    }

    private protected override int WaitAndDispatch(long deadline)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = Wait(deadline);
        int ran = 0;
        for (int i = 0; i < count; i++)
        {
            byte* at = _events + i * epoll_event.Size;
            ulong token = epoll_event.Data(at);
            int descriptor = (int)(uint)token;
            if (descriptor == _wake)
            {
                DrainWake();
                continue;
            }

            var registration = _registrations[descriptor];
            // A handler of this turn may have removed it, or another socket may have its number by now.
            if (registration.Handler is null || registration.Generation != (uint)(token >> 32))
                continue;
            var ready = ToReadiness(epoll_event.Events(at)) & registration.Interest;
            if (ready == Readiness.None)
                continue;
            registration.Handler.OnReady(ready);
            ran++;
        }

        return ran;
    }

    private protected override void Signal()
    {
        ulong one = 1;
        _ = Libc.write(_wake, &one, sizeof(ulong));
    }

    private static Readiness ToReadiness(uint events)
    {
        if ((events & (Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
            return Readiness.Read | Readiness.Write;
        var ready = Readiness.None;
        if ((events & Libc.EPOLLIN) != 0)
            ready |= Readiness.Read;
        if ((events & Libc.EPOLLOUT) != 0)
            ready |= Readiness.Write;
        return ready;
    }

    private int Wait(long deadline)
    {
        long wait = deadline == long.MaxValue ? -1 : Math.Max(0, deadline - MonotonicClock.Now);
        int count;
        if (wait < 0 || _coarseTimer)
        {
            count = Libc.epoll_wait(_epoll, _events, EventCount, wait < 0 ? -1 : (int)Math.Min((wait + 999) / 1000, int.MaxValue));
        }
        else
        {
            var timeout = new timespec { tv_sec = wait / 1_000_000, tv_nsec = wait % 1_000_000 * NanosecondsPerMicrosecond };
            count = Libc.epoll_pwait2(_epoll, _events, EventCount, &timeout);
            if (count < 0 && Marshal.GetLastPInvokeError() is Errno.ENOSYS or Errno.EPERM)
            {
                // Before Linux 5.11, or behind a seccomp filter that does not know the call: milliseconds have to do.
                _coarseTimer = true;
                return Wait(deadline);
            }
        }

        if (count < 0 && Marshal.GetLastPInvokeError() != Errno.EINTR)
            NetworkException.Throw(SocketFault.Last(), "epoll wait");
        return count;
    }

    private void DrainWake()
    {
        ulong count;
        _ = Libc.read(_wake, &count, sizeof(ulong));
        ClearSignal();
    }

    private ref Registration Find(IPollable pollable, out int descriptor)
    {
        ArgumentNullException.ThrowIfNull(pollable);
        descriptor = (int)pollable.Handle;
        if ((uint)descriptor >= (uint)_registrations.Length || _registrations[descriptor].Handler is null)
            descriptor = -1;
        return ref _registrations[Math.Max(descriptor, 0)];
    }

    private void Control(int operation, int descriptor, Readiness interest, uint generation)
    {
        byte* change = stackalloc byte[16];
        uint events = ((interest & Readiness.Read) != 0 ? Libc.EPOLLIN : 0) | ((interest & Readiness.Write) != 0 ? Libc.EPOLLOUT : 0);
        epoll_event.Write(change, events, (ulong)generation << 32 | (uint)descriptor);
        if (Libc.epoll_ctl(_epoll, operation, descriptor, change) != 0 && operation != Libc.EPOLL_CTL_DEL)
            NetworkException.Throw(SocketFault.Last(), "epoll registration");
    }

    private struct Registration
    {
        internal IReadinessHandler? Handler;
        internal Readiness Interest;
        internal uint Generation;
    }
}
