namespace Keyhole.NetStack;

/// <summary>What an <see cref="IcmpEchoTable"/> tells the program that owns the ping sockets. All calls come from within the table's methods.</summary>
public interface IEchoHost
{
    /// <summary>
    /// A peer pings with a new identifier. True to have a flow: the host has checked its policy and has a socket. False drops the
    /// request; the host may have called <see cref="IcmpEchoTable.Unreachable"/>. Afterwards the flow is in the table, and OnEchoRequest follows.
    /// </summary>
    bool OnOpening(EchoFlow flow);

    /// <summary>An echo request is to be sent to the target. The payload is valid during the call only.</summary>
    void OnEchoRequest(EchoFlow flow, ushort sequenceNumber, ReadOnlySpan<byte> payload);

    /// <summary>The last call for this flow: its socket is to be closed and the object forgotten.</summary>
    void OnClosed(EchoFlow flow);
}
