namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>Every agent that may register, as the data path has shown it. Allocates: for the status, not for the packet path.</summary>
    public IReadOnlyList<RelayAgentStatus> Describe(long now)
    {
        var flowsThrough = new Dictionary<AgentSlot, int>();
        for (int i = 0; i < _flows.End; i++)
        {
            if (_flows.IsUsed(i))
                flowsThrough[_flows[i].Connector] = flowsThrough.GetValueOrDefault(_flows[i].Connector) + 1;
        }

        return
        [
            .. _byId.Values.OrderBy(slot => slot.Row.Id).Select(slot => new RelayAgentStatus(
                slot.Row.Id,
                slot.Row.Name,
                slot.Row.Kind,
                slot.Peer.PublicKey.ToString(),
                slot.Address,
                slot.Address.HasValue && !slot.IsSilent && slot.Peer.HasSession(now),
                slot.Peer.LastHandshakeAt,
                slot.Peer.LastReceivedAt,
                slot.Peer.ReceivedBytes,
                slot.Peer.SentBytes,
                slot.IsConnector ? flowsThrough.GetValueOrDefault(slot) : slot.FlowCount)
            {
                Contest = slot.Contest.Describe(now),
            }),
        ];
    }
}
