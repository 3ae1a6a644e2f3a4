using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>An initiation that went to its responder and may be answered (docs/protocol.md, rule 8).</summary>
internal struct PendingHandshake
{
    public AgentSlot Initiator;
    public AgentSlot Responder;

    /// <summary>The initiator's; the answer carries it as its receiver index.</summary>
    public uint SenderIndex;

    /// <summary>Responses that were taken: a forged one does not keep the real one out.</summary>
    public int ResponseCount;

    /// <summary>Where the initiation came from: an address that the initiator had confirmed, or its candidate.</summary>
    public IpEndpoint Source;

    public long At;

    // Places in the lists of PendingTable; -1 for none.
    public int NextInBucket;
    public int Older;
    public int Newer;
    public int OlderOfInitiator;
    public int NewerOfInitiator;
}
