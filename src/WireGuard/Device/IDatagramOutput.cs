using Keyhole.Packets;

namespace Keyhole.WireGuard;

/// <summary>Where a device puts the datagrams that it sends by itself: handshakes, cookie replies, keepalives and staged packets.</summary>
public interface IDatagramOutput
{
    /// <summary>Takes one datagram; the span is valid during the call only, and the call must not enter the device again.</summary>
    /// <param name="destination">Where it goes: the source of what it answers, or the endpoint that the owner gave to the peer.</param>
    /// <param name="peer">The peer it is for; null for a cookie reply, whose receiver is not authenticated.</param>
    void Send(in IpEndpoint destination, ReadOnlySpan<byte> datagram, Peer? peer);
}
