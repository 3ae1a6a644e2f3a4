using Keyhole.NetStack;

namespace Keyhole.Client;

/// <summary>This machine's side of a UDP flow of <see cref="TunnelFlows"/>. Called on the data thread.</summary>
internal interface IDatagramOwner
{
    /// <summary>The target has answered; the payload is valid during the call only.</summary>
    void OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload);

    /// <summary>The last call, exactly once.</summary>
    void OnClosed(UdpFlow flow);
}
