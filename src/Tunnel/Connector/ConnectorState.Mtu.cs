using Keyhole.NetStack;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>How long packets may be (docs/protocol.md, rule 21): a client finds out for each of its ways and says so; through the gateway it is what stock configurations carry.</remarks>
public sealed partial class ConnectorState
{
    private readonly Queue<int> _narrowed = [];

    /// <summary>The longest packet to a client by the way that it uses now, and what that may come to be.</summary>
    public FlowMtu MtuOf(int peer, in FlowKey flow)
    {
        if (!_byClient.TryGetValue(peer, out var path) || !IsOwnWay(path))
            return new FlowMtu(_options.GatewayMtu, _options.GatewayMtu);
        return new FlowMtu(path.Mtu, _options.LargestMtu);
    }

    /// <summary>A client whose way was found to carry less than before, so that its flows are told; false when there is none.</summary>
    public bool TryTakeNarrowed(out int client) => _narrowed.TryDequeue(out client);

    /// <summary>What the client says is true of the way on which it says it.</summary>
    private void TakeMtu(ClientPath path, int told, in IpEndpoint source, bool isRelayed)
    {
        int mtu = Math.Clamp(told, InnerMtu.Smallest, _options.LargestMtu);
        if (isRelayed)
            path.SetRelayMtu(mtu, source);
        else if (path.Paths?.Find(source) is { } probe)
            probe.ToldMtu = mtu;
        NoteMtu(path);
    }

    /// <summary>Whatever may have changed the way in use, or what is known of it, ends here.</summary>
    private void NoteMtu(ClientPath path)
    {
        int mtu = MtuOf(path);

        // Once per client and turn: what takes them does so at its end.
        if (mtu < path.LastMtu && !_narrowed.Contains(path.Client))
            _narrowed.Enqueue(path.Client);
        path.LastMtu = mtu;
    }

    private int MtuOf(ClientPath path) => IsOwnWay(path) ? path.Mtu : _options.GatewayMtu;

    private static bool IsOwnWay(ClientPath path) => path.Way is not null && path.Way == path.EndToEnd && !path.IsStock;
}
