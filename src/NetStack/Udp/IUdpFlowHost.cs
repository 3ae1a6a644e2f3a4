namespace Keyhole.NetStack;

/// <summary>What a <see cref="UdpFlowTable"/> tells the program that owns the sockets. All calls come from within the table's methods.</summary>
public interface IUdpFlowHost
{
    /// <summary>
    /// A peer sends where it has no flow yet. True to have one: the host has checked its policy and has a socket. False drops the
    /// datagram; the host may have called <see cref="UdpFlowTable.Unreachable"/>. Afterwards the flow is in the table, and OnDatagram follows.
    /// </summary>
    bool OnOpening(UdpFlow flow);

    /// <summary>The payload is to be sent to the target. It is valid during the call only.</summary>
    void OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload);

    /// <summary>The last call for this flow: its socket is to be closed and the object forgotten.</summary>
    void OnClosed(UdpFlow flow);
}
