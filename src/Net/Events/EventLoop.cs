using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// One thread that waits for sockets, for a deadline, and for work that other threads post. Level-triggered: a socket is
/// reported every turn while it stays ready for what it is waited for. Everything but <see cref="Post"/> and
/// <see cref="Wake"/> belongs to the thread that calls <see cref="RunOnce"/>.
/// </summary>
public abstract class EventLoop : IDisposable
{
    private readonly ConcurrentQueue<Action> _posted = new();

    private int _wakePending;

    private protected EventLoop()
    {
    }

    /// <summary>The loop of a backend; default: what <see cref="NetBackends.Default"/> says.</summary>
    public static EventLoop Open(NetBackend? backend = null) =>
        (backend ?? NetBackends.Default) == NetBackend.Portable ? new PortableEventLoop() : new EpollEventLoop();

    /// <summary>Waits for a socket from now on. With <see cref="Readiness.None"/> nothing is reported, breakage neither.</summary>
    /// <exception cref="InvalidOperationException">It is registered already, or one with its handle was closed without <see cref="Remove"/>.</exception>
    public abstract void Add(IPollable pollable, Readiness interest, IReadinessHandler handler);

    /// <summary>Changes what a registered socket is waited for; cheap when nothing changes.</summary>
    public abstract void SetInterest(IPollable pollable, Readiness interest);

    /// <summary>Forgets a socket. Nothing is reported for it any more, not even what this turn had found. Unknown sockets are ignored.</summary>
    public abstract void Remove(IPollable pollable);

    /// <summary>
    /// Waits until a socket is ready, work was posted, or <see cref="MonotonicClock.Now"/> reaches <paramref name="deadline"/>
    /// (microseconds; <see cref="long.MaxValue"/> for none), then calls the handlers and the posted work. It may return earlier
    /// with nothing, and later after the machine was asleep: what is left of the wait is waited for then.
    /// </summary>
    /// <returns>How many handlers and posted actions ran.</returns>
    public int RunOnce(long deadline)
    {
        int ran = WaitAndDispatch(_posted.IsEmpty ? deadline : 0);
        while (_posted.TryDequeue(out var action))
        {
            action();
            ran++;
        }

        return ran;
    }

    /// <summary>Runs an action on the thread of the loop, soon. From any thread.</summary>
    public void Post(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _posted.Enqueue(action);
        Wake();
    }

    /// <summary>Ends the wait of <see cref="RunOnce"/>, or the next one. From any thread.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _wakePending, 1) == 0)
            Signal();
    }

    /// <summary>Begins a TCP connection. Write readiness ends it; <see cref="NonBlockingSocket.TakeError"/> tells how.</summary>
    /// <returns>False when the system refused at once: no route, no file handle, refused on this host.</returns>
    public abstract bool TryConnectTcp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault);

    /// <summary>Opens a UDP socket that talks to one endpoint; refusals that come back as ICMP show as faults.</summary>
    public abstract bool TryConnectUdp(in IpEndpoint remote, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault);

    /// <summary>
    /// Opens an unprivileged echo socket (ping(8) without root). Messages begin with the ICMP header; the system writes the
    /// identifier (which is the port of <see cref="NonBlockingSocket.Local"/>) and the checksum, and delivers echo replies only.
    /// </summary>
    /// <returns>False with <see cref="SocketFaultKind.AccessDenied"/> outside net.ipv4.ping_group_range.</returns>
    public abstract bool TryOpenEcho(in IpAddress target, [NotNullWhen(true)] out NonBlockingSocket? socket, out SocketFault fault);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void Dispose(bool disposing);

    private protected abstract int WaitAndDispatch(long deadline);

    /// <summary>Makes the wait end; called at most once until <see cref="ClearSignal"/>.</summary>
    private protected abstract void Signal();

    /// <summary>The wait saw the signal: the next <see cref="Wake"/> signals again.</summary>
    private protected void ClearSignal() => Volatile.Write(ref _wakePending, 0);
}
