using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>What the data path has shown of one agent.</summary>
/// <param name="IsLive">It has a session, a confirmed address, and does not owe an answer.</param>
/// <param name="LastHandshakeAt">Monotonic microseconds; null for never.</param>
/// <param name="LastReceivedAt">Monotonic microseconds; null for never.</param>
/// <param name="FlowCount">Through the gateway: a client's own, or those that go through a connector.</param>
public sealed record RelayAgentStatus(
    int Id,
    string Name,
    PeerKind Kind,
    string PublicKey,
    IpEndpoint? Address,
    bool IsLive,
    long? LastHandshakeAt,
    long? LastReceivedAt,
    long ReceivedBytes,
    long SentBytes,
    int FlowCount)
{
    /// <summary>Two devices use the agent's key: the addresses between which it last went to and fro, and when. Null when nothing of that was seen for ten minutes.</summary>
    public (IpEndpoint First, IpEndpoint Second, long At)? Contest { get; init; }
}
