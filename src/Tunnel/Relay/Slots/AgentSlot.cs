using Keyhole.Contracts;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <summary>
/// One agent that may register (docs/protocol.md, rules 1 to 5). Its address moves, the slot stays.
/// <code>
/// unknown ── initiation from S, authentic and fresh ──▶ candidate S          (only handshakes and one challenge go there, never more than came)
/// candidate S ── first data after the response, answer to the relay's initiation, or pong, from S ──▶ confirmed S
/// confirmed S ── authentic datagram from T ──▶ confirmed S, candidate T ──▶ confirmed T
/// </code>
/// </summary>
internal sealed class AgentSlot(int index, PeerRow row)
{
    // Fixed after construction, but for the row, whose name and draining mark may change.
    public int Index { get; } = index;

    public PeerRow Row { get; set; } = row;

    public Peer Peer { get; set; } = null!;

    /// <summary>Of a connector.</summary>
    public RelaySite? Site { get; set; }

    /// <summary>Of a client: the gateway's routes, and the sites whose connectors it may meet.</summary>
    public GatewayRoutes Routes { get; set; } = GatewayRoutes.None;

    // Addresses.
    public IpEndpoint? Address;
    public Candidate Candidate;
    public Contest Contest;
    public ulong RecordVersion;
    public long RecordedHeardAt;

    // Handshakes with other agents.
    public TokenBucket HandshakeBucket = new(capacity: 10, perSecond: 10);

    /// <summary>For initiations that are not for the likeliest counterpart: anybody can send those under the agent's address.</summary>
    public TokenBucket SearchBucket = new(capacity: 10, perSecond: 10);
    public int NewestPending = -1;

    /// <summary>The connector that the client wants next, by its own word.</summary>
    public AgentSlot? Announced;
    public RecentCounterparts? Recent;

    /// <summary>In front of this agent as a responder.</summary>
    public ResponderGuard? Guard;

    /// <summary>Of a stock connector: how far it has looked for clients that it has not met.</summary>
    public int SearchedTo;

    // Introductions: where the agent may be reached past the relay, by its own word; of a client, when it met whom; of a connector, its share.
    public SessionCandidates Candidates;
    public PairTimes Introductions;
    public TokenBucket IntroductionBucket = new(capacity: 100, perSecond: 100);

    // Liveness of a connector.
    public UInt128 BootNonce;
    public bool SaidDraining;

    /// <summary>Nothing was heard for a while although something was sent, or it said goodbye.</summary>
    public bool IsSilent;

    /// <summary>When something was sent that nothing answered yet; 0 for never.</summary>
    public long UnansweredSince;
    public long ProbedAt;

    // Flows of a client, the newest and the oldest in the table's list; -1 for none.
    public int NewestFlow = -1;
    public int OldestFlow = -1;
    public int FlowCount;

    /// <summary>Flows that were cut because the agent is gone.</summary>
    public int CutCount;
    public TokenBucket ErrorBucket = new(capacity: 50, perSecond: 50);

    // Queries of a client for names, and those that wait for a server elsewhere.
    public TokenBucket NameBucket = new(capacity: 200, perSecond: 100);
    public int WaitingQueries;

    public bool IsConnector => Row.Kind == PeerKind.Connector;

    public bool IsGatewayClient => Row.Kind == PeerKind.ExternalClient;

    /// <summary>A stock node that has sessions with connectors: here it may ask for names.</summary>
    public bool IsSealedClient => Row is { Kind: PeerKind.Machine, Stock: true };

    /// <summary>Whether the table in force lets the two have a session: a client, and a connector of a site where it was granted something.</summary>
    public bool MayMeet(AgentSlot other)
    {
        var (client, connector) = IsConnector ? (other, this) : (this, other);
        return connector.Site is { } site
            && !client.IsConnector
            && !client.Peer.IsRemoved
            && !connector.Peer.IsRemoved
            && client.Routes.Sites.Contains(site);
    }

    /// <summary>Whether new flows may go through this connector.</summary>
    public bool TakesFlows(long now) => Address.HasValue && !IsSilent && !SaidDraining && !Row.Draining && Peer.HasSession(now);
}
