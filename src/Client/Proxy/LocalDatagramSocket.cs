using Keyhole.Net;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>A UDP socket of this machine whose datagrams go into the tunnel.</summary>
internal abstract class LocalDatagramSocket : IReadinessHandler, IDisposable
{
    /// <summary>Batches received before other sockets have their turn.</summary>
    private const int BatchesPerTurn = 4;

    private readonly IDatagramSocket _socket;
    private bool _isDisposed;

    /// <exception cref="NetworkException">The port is in use, or the address is not this machine's.</exception>
    protected LocalDatagramSocket(ProxyFront front, in IpEndpoint local)
    {
        Front = front;
        _socket = LocalDatagrams.Open(local);
        front.Loop.Add(_socket, Readiness.Read, this);
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public IpEndpoint Local => _socket.Local;

    protected ProxyFront Front { get; }

    public void OnReady(Readiness readiness)
    {
        Front.Flows.BeginTurn();
        var batch = Front.Datagrams.Received;
        for (int count = 0; count < BatchesPerTurn && !_isDisposed && _socket.Receive(batch, 0) > 0; count++)
        {
            foreach (var datagram in batch.Datagrams)
                Received(datagram.First, datagram.Source);
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A program of this machine, or one that is allowed to use it, has sent something.</summary>
    protected abstract void Received(ReadOnlySpan<byte> datagram, in IpEndpoint source);

    protected void Answer(in IpEndpoint destination, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        Front.Datagrams.Send(_socket, destination, header, payload);

    protected virtual void Dispose(bool disposing)
    {
        Front.Datagrams.Flush();
        Front.Loop.Remove(_socket);
        _socket.Dispose();
    }
}
