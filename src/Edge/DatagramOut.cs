using Keyhole.Contracts;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Edge;

/// <summary>
/// What an agent sends, by UDP or into the TLS connections that some endpoints stand for, gathered until the end of a turn. The device's own datagrams have a batch of their own, since the device
/// sends while a slot of the other one is being sealed.
/// </summary>
public sealed class DatagramOut(IDatagramSocket socket, RelayStreams streams) : IDatagramSlots, IDatagramOutput, IRelayStreams, IDisposable
{
    /// <summary>Of one reservation, as <see cref="IDatagramSlots"/> says.</summary>
    private const int MaximumDatagrams = 64;

    private readonly SendBatch _packets = new();
    private readonly SendBatch _own = new(capacity: 64, arenaLength: 1 << 18);

    /// <summary>Whether <see cref="CommitWhole"/> keeps its promise, and what comes in fragments is told.</summary>
    public bool CanProbe => socket.Capabilities.PathProbes;

    public Span<byte> Reserved => _packets.Reserved;

    public Span<byte> Reserve(int length)
    {
        if (_packets.TryReserve(length, MaximumDatagrams, out var slot))
            return slot;
        Flush();
        _packets.TryReserve(length, MaximumDatagrams, out slot);
        return slot;
    }

    public void Commit(in IpEndpoint destination, int offset, int length)
    {
        if (destination.Address.IsDiscardOnly)
            streams.Send(destination, Reserved.Slice(offset, length));
        else
            _packets.CommitAt(destination, offset, length);
    }

    public void CommitWhole(in IpEndpoint destination, int offset, int length)
    {
        if (destination.Address.IsDiscardOnly)
            streams.Send(destination, Reserved.Slice(offset, length));
        else
            _packets.CommitAt(destination, offset, length, whole: true);
    }

    public void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer)
    {
        if (destination.Address.IsDiscardOnly)
        {
            streams.Send(destination, datagram);
            return;
        }

        if (_own.TryCopy(destination, datagram))
            return;
        socket.Send(_own);
        _own.TryCopy(destination, datagram);
    }

    /// <summary>Handshakes first: what follows may depend on them.</summary>
    public void Flush()
    {
        if (!_own.IsEmpty)
            socket.Send(_own);
        if (!_packets.IsEmpty)
            socket.Send(_packets);
        streams.Flush();
    }

    public void Open(in IpEndpoint endpoint, RelayTls tls) => streams.Open(endpoint, tls);

    public void Close(in IpEndpoint endpoint) => streams.Close(endpoint);

    public void Dispose()
    {
        _packets.Dispose();
        _own.Dispose();
    }
}
