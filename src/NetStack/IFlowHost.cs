namespace Keyhole.NetStack;

/// <summary>
/// What the stack tells the program that owns the targets. All calls come from within the stack's own methods, on the caller's
/// thread. The host may call any method of the flow or the pending SYN it is given, but not the stack's Input, Flush or Tick.
/// </summary>
public interface IFlowHost
{
    /// <summary>
    /// A peer wants to connect. The host checks its policy, dials, and at any later time calls exactly one of Accept, Reset,
    /// Unreachable or Drop; nothing is answered before.
    /// </summary>
    void OnSyn(PendingSyn syn);

    /// <summary>The peer took its SYN back, or the dial took longer than the stack allows: the dial is to be cancelled. The answer methods do nothing any more.</summary>
    void OnSynAbandoned(PendingSyn syn);

    /// <summary>The three-way handshake is complete, for an accepted SYN as well as for Connect.</summary>
    void OnConnected(TcpFlow flow);

    /// <summary>Bytes arrived: PeekReceive has more than before.</summary>
    void OnReadable(TcpFlow flow);

    /// <summary>Send space is there again after GetSendSpan or GetSendSpans had returned none.</summary>
    void OnSendSpace(TcpFlow flow);

    /// <summary>The peer will send no more. Bytes may still wait in the receive queue: the stream is over when <see cref="TcpFlow.ReceiveFinished"/>.</summary>
    void OnPeerFin(TcpFlow flow);

    /// <summary>The peer reset the flow; what was queued either way is gone. OnClosed follows.</summary>
    void OnPeerReset(TcpFlow flow);

    /// <summary>
    /// The last call for this flow, exactly once, whatever the reason (<see cref="TcpFlow.CloseReason"/>). The object goes back to
    /// the pool afterwards: the host must forget it.
    /// </summary>
    void OnClosed(TcpFlow flow);
}
