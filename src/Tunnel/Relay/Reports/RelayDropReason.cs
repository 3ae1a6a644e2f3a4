namespace Keyhole.Tunnel;

/// <summary>
/// Why the relay let an opened packet or a datagram of its own go no further. What the WireGuard device refuses is counted there
/// (<see cref="WireGuard.DropReason"/>).
/// </summary>
public enum RelayDropReason
{
    None,

    /// <summary>The inner packet is malformed or can never be legal inside the overlay.</summary>
    Malformed,

    /// <summary>An IP packet in the registration session of an agent that does not use the gateway.</summary>
    NotGatewayMode,

    /// <summary>Neither TCP, UDP nor echo, nor an error about one of these.</summary>
    UnsupportedProtocol,

    /// <summary>No granted resource holds the destination.</summary>
    UnknownDestination,

    /// <summary>No connector of the destination's site is there.</summary>
    NoConnector,

    /// <summary>From a connector: no client opened this flow.</summary>
    UnknownFlow,

    /// <summary>Of a flow that goes through another connector, or that another client opened.</summary>
    ForeignFlow,

    /// <summary>A later fragment of a packet whose first fragment was not forwarded, or is long gone.</summary>
    UnknownFragment,

    /// <summary>Longer than the inner MTU of the receiver.</summary>
    TooLarge,

    /// <summary>The flow table is full.</summary>
    FlowLimit,

    /// <summary>The receiver has no confirmed address.</summary>
    NoAddress,

    /// <summary>The receiver's session does not take it: see the device's counters.</summary>
    NotSealed,

    /// <summary>A control message that is malformed, or comes from where none is expected.</summary>
    Control,

    /// <summary>It would have sent more bytes to an unproven address than came from there.</summary>
    CandidateBudget,

    /// <summary>From port 0, a group, or no address at all: nothing can be answered there.</summary>
    SourceAddress,

    /// <summary>A response or a cookie reply from an address that its sender has not confirmed.</summary>
    UnconfirmedSource,

    /// <summary>An initiation of one of our connectors to another agent: they only answer.</summary>
    NotInitiator,

    /// <summary>An initiation of an agent that has sent more than its share.</summary>
    HandshakeRate,

    /// <summary>An initiation whose mac1 is that of no agent whom the sender may meet.</summary>
    NoCounterpart,

    /// <summary>An initiation to a connector under load, without a cookie: the sender got one.</summary>
    CookieRequired,

    /// <summary>An initiation to a stock node that has had its share of them.</summary>
    ResponderRate,

    /// <summary>An index that another agent, another handshake or the relay itself is using.</summary>
    IndexCollision,

    /// <summary>A response or a cookie reply to nothing that is under way.</summary>
    NotPending,

    /// <summary>A response whose mac1 is not the initiator's.</summary>
    ResponseMac1,

    /// <summary>One response too many to the same initiation.</summary>
    ResponseLimit,

    /// <summary>A response for which the forwarding table has no room.</summary>
    EntryLimit,

    /// <summary>A client asked for more introductions than it may have.</summary>
    IntroductionRate,

    /// <summary>A client asked for more names than it may.</summary>
    NameRate,
}
