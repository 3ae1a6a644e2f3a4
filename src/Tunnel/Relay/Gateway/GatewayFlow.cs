using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>One flow that a client opened through the gateway.</summary>
internal struct GatewayFlow
{
    /// <summary>As the client's packets carry it.</summary>
    public FlowKey Key;

    public AgentSlot Client;
    public AgentSlot Connector;
    public long UsedAt;
    public FlowPhase Phase;
    public bool ClientFinished;
    public bool ConnectorFinished;

    /// <summary>Of TCP: what the client expects next, and what the connector would. A reset that uses them is taken at once (RFC 5961 section 3.2).</summary>
    public uint ClientAcknowledged;
    public uint ClientNext;

    // Lists by index: the bucket, and the client's flows by last use.
    public int NextInBucket;
    public int Newer;
    public int Older;
}
