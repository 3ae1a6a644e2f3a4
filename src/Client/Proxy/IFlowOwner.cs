using Keyhole.NetStack;

namespace Keyhole.Client;

/// <summary>This machine's side of a TCP flow of <see cref="TunnelFlows"/>. Called on the data thread.</summary>
internal interface IFlowOwner
{
    /// <summary>The target has answered.</summary>
    void OnConnected(TcpFlow flow);

    /// <summary>Bytes came, there is room for more, or the target has finished.</summary>
    void OnProgress();

    /// <summary>The last call, exactly once; without <see cref="OnConnected"/> before it the target was never reached.</summary>
    void OnClosed(TcpFlow flow);
}
