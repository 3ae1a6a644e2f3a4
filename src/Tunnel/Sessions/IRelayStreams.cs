using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>Makes TLS connections to relays. Whoever does it says what became of each: that it stands, and that it has ended or could not be had.</summary>
public interface IRelayStreams
{
    /// <summary>Begins to connect to one of <paramref name="tls"/>'s endpoints; datagrams for <paramref name="endpoint"/> go there from then on.</summary>
    void Open(in IpEndpoint endpoint, RelayTls tls);

    /// <summary>Ends the connection, or the attempt. Nothing is said of it any more.</summary>
    void Close(in IpEndpoint endpoint);
}
