using Keyhole.Packets;

namespace Keyhole.Net;

/// <summary>
/// A connected TCP, UDP or ICMP echo socket that never blocks. Refusals come as <see cref="SocketFault"/>, never as
/// exceptions. Its owner removes it from the loop before it disposes it.
/// </summary>
public abstract class NonBlockingSocket : IPollable, IDisposable
{
    private protected NonBlockingSocket(in IpEndpoint remote) => Remote = remote;

    public abstract nint Handle { get; }

    public IpEndpoint Remote { get; }

    /// <summary>The address and port that the system chose; for an echo socket the port is the ICMP identifier.</summary>
    public abstract IpEndpoint Local { get; }

    /// <summary>Reads bytes of a stream, or one datagram.</summary>
    /// <returns>Bytes read; 0 without a fault is the end of a stream or an empty datagram; -1 with a fault.</returns>
    public abstract int Receive(Span<byte> buffer, out SocketFault fault);

    /// <summary>Writes what the system takes now of a stream, or one datagram.</summary>
    /// <returns>Bytes taken; -1 with a fault.</returns>
    public abstract int Send(ReadOnlySpan<byte> bytes, out SocketFault fault);

    /// <summary>The outcome of connecting, or an error that came since; reading it clears it.</summary>
    public abstract SocketFault TakeError();

    /// <summary>Nothing more will be sent: FIN after what was written. The other direction goes on.</summary>
    public abstract void ShutdownSend();

    /// <summary>Closes with RST: unsent bytes are discarded, the peer's reads fail.</summary>
    public abstract void Abort();

    /// <summary>Closes; what was written is still delivered.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract void Dispose(bool disposing);
}
