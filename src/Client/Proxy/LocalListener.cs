using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>A TCP port of this machine whose connections go to the proxy.</summary>
internal sealed class LocalListener : IReadinessHandler, IDisposable
{
    /// <summary>Connections taken before other sockets have their turn.</summary>
    private const int AcceptsPerTurn = 64;

    private readonly EventLoop _loop;
    private readonly NonBlockingListener _listener;
    private readonly Action<NonBlockingSocket> _accepted;

    /// <exception cref="NetworkException">The port is in use, or the address is not this machine's.</exception>
    public LocalListener(in IpEndpoint listen, EventLoop loop, Action<NonBlockingSocket> accepted)
    {
        _loop = loop;
        _accepted = accepted;
        _listener = NonBlockingListener.Open(listen);
        loop.Add(_listener, Readiness.Read, this);
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public IpEndpoint Local => _listener.Local;

    /// <summary>No file handle was left for a connection; it waits until <see cref="Resume"/>.</summary>
    public bool IsPaused { get; private set; }

    public void OnReady(Readiness readiness)
    {
        for (int count = 0; count < AcceptsPerTurn; count++)
        {
            if (_listener.TryAccept(out var socket, out var fault))
            {
                _accepted(socket);
                continue;
            }

            // The port stays ready while a connection waits that cannot be taken: the loop would spin.
            IsPaused = fault.Kind is SocketFaultKind.TooManyFiles or SocketFaultKind.NoBuffers;
            if (IsPaused)
                _loop.SetInterest(_listener, Readiness.None);
            return;
        }
    }

    public void Resume()
    {
        IsPaused = false;
        _loop.SetInterest(_listener, Readiness.Read);
    }

    public void Dispose()
    {
        _loop.Remove(_listener);
        _listener.Dispose();
    }
}
