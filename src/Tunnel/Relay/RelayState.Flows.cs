using Keyhole.Packets;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    /// <summary>Ends a flow at once. A TCP client hears it by a reset that it can accept; all others find out when they next send.</summary>
    private void CutFlow(int index, long now)
    {
        var flow = _flows[index];
        RemoveFlow(index);
        if (flow.Key.Protocol != IpProtocol.Tcp || flow.Phase == FlowPhase.Closing || flow.Client.Peer.IsRemoved || !flow.Client.Peer.HasSession(now))
            return;
        var packet = _scratch.AsSpan(HeadLength);
        var (target, client) = (flow.Key.Destination, flow.Key.Source);
        int header = IpHeader.Write(packet, target, client, IpProtocol.Tcp, TcpHeader.MinimumLength);
        var segment = packet.Slice(header, TcpHeader.MinimumLength);
        TcpHeader.Write(
            segment,
            flow.Key.DestinationPort,
            flow.Key.SourcePort,
            flow.ClientAcknowledged,
            flow.ClientNext,
            TcpFlags.Rst | TcpFlags.Ack,
            0,
            default);
        TcpHeader.WriteChecksum(segment, target, client);
        SendScratch(flow.Client, header + TcpHeader.MinimumLength, now);
    }

    private void RemoveFlow(int index)
    {
        _flows.Remove(index);
        EraseFlowRecord(index);
    }

    /// <summary>Cuts the flows that go through a connector, or that a client opened, and says how many.</summary>
    private int CutFlowsOf(AgentSlot slot, bool tcpOnly, long now)
    {
        int count = 0;
        for (int i = 0; i < _flows.End; i++)
        {
            if (!_flows.IsUsed(i) || (_flows[i].Connector != slot && _flows[i].Client != slot) || (tcpOnly && _flows[i].Key.Protocol != IpProtocol.Tcp))
                continue;
            CutFlow(i, now);
            count++;
        }

        return count;
    }
}
