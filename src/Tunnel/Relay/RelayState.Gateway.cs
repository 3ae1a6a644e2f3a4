using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>The gateway (docs/protocol.md, rule 22): stock apps in, connectors out, and back only what an app opened.</remarks>
public sealed partial class RelayState
{
    /// <summary>Of the rendezvous hash. A constant, so that a flow finds the same connector after a restart.</summary>
    private const ulong RendezvousKey = 0x6B65_7968_6F6C_6521;

    /// <summary>For how long a site whose connectors are gone is silent towards clients, who repeat, instead of being called unreachable.</summary>
    private const long SiteGrace = 15_000_000;

    private bool FromClient(AgentSlot client, Span<byte> room, in IpView ip, long now, out RelayForward forward)
    {
        forward = default;
        if (ip.TotalLength > _options.InnerMtu)
            return Refuse(client, ip, RelayDropReason.TooLarge, IcmpErrorKind.PacketTooBig, now);
        int index = FlowFromClient(client, ip, now);
        if (index < 0)
            return false;
        ref var flow = ref _flows[index];
        if (flow.Key.Protocol == IpProtocol.Tcp && ip.FragmentOffset == 0)
            NoteSegmentOfClient(ref flow, ip);
        ExpectAnswer(flow.Connector, now);
        return Forward(flow.Connector, room, ip.TotalLength, now, out forward);
    }

    /// <summary>The flow that a client's packet belongs to, opened where it is granted; -1 when the packet was dropped.</summary>
    private int FlowFromClient(AgentSlot client, in IpView ip, long now)
    {
        if (ip.TryGetFlow(out var key))
        {
            if (IsEcho(ip) && !IsEchoRequest(ip))
                return DropFlow(RelayDropReason.UnsupportedProtocol);
            int known = _flows.Find(key, now);
            if (known >= 0 && _flows[known].Connector.IsSilent && Pick(_flows[known].Connector.Site!, key, now) is not null)
            {
                CutFlow(known, now);
                known = -1;
            }

            if (known < 0)
                known = OpenFlow(client, ip, key, now);
            else
                _flows.Touch(known, now);
            if (known >= 0 && ip.MoreFragments)
                _fragments.Remember(ip, key, now);
            return known;
        }

        if (ip.FragmentOffset != 0)
            return _fragments.TryFind(ip, now, out key) ? FlowOf(key, client, connector: null, now) : DropFlow(RelayDropReason.UnknownFragment);
        return IcmpErrorView.TryParse(ip, out var error)
            ? FlowOf(error.Flow.Reverse(), client, connector: null, now)
            : DropFlow(RelayDropReason.UnsupportedProtocol);
    }

    private int OpenFlow(AgentSlot client, in IpView ip, in FlowKey key, long now)
    {
        if (IsNameServer(key.Destination))
        {
            ToNameServer(client, ip, key, now);
            return -1;
        }

        if (client.Routes.Find(key.Destination) is not { } site)
        {
            Refuse(client, ip, RelayDropReason.UnknownDestination, IcmpErrorKind.AdministrativelyProhibited, now);
            return -1;
        }

        if (Pick(site, key, now) is not { } connector)
        {
            if (WasThere(site, now))
                return DropFlow(RelayDropReason.NoConnector);
            Refuse(client, ip, RelayDropReason.NoConnector, IcmpErrorKind.HostUnreachable, now);
            return -1;
        }

        bool added = _flows.TryAdd(key, client, connector, now, out int index, out int evicted);
        if (evicted >= 0 && evicted != index)
            EraseFlowRecord(evicted);
        if (!added)
            return DropFlow(RelayDropReason.FlowLimit);
        RecordFlow(index);
        return index;
    }

    /// <summary>The connector of a new flow: the one that scores highest for it. When one leaves, only its own flows move.</summary>
    private static AgentSlot? Pick(RelaySite site, in FlowKey key, long now)
    {
        AgentSlot? best = null;
        ulong bestScore = 0;
        foreach (var connector in site.Connectors)
        {
            if (!connector.TakesFlows(now))
                continue;
            ulong score = key.Hash(RendezvousKey + (ulong)connector.Row.Id * 0x9E37_79B9_7F4A_7C15);
            if (best is null || score > bestScore)
                (best, bestScore) = (connector, score);
        }

        return best;
    }

    private bool WasThere(RelaySite site, long now)
    {
        foreach (var connector in site.Connectors)
        {
            if (now - (connector.Peer.LastReceivedAt ?? _tableSince) < SiteGrace)
                return true;
        }

        return false;
    }

    private bool FromConnector(AgentSlot connector, Span<byte> room, in IpView ip, long now, out RelayForward forward)
    {
        forward = default;
        int index = FlowFromConnector(connector, ip, now);
        if (index < 0)
            return false;
        if (ip.TotalLength > _options.InnerMtu)
            return Refuse(connector, ip, RelayDropReason.TooLarge, IcmpErrorKind.PacketTooBig, now);
        return Forward(_flows[index].Client, room, ip.TotalLength, now, out forward);
    }

    /// <summary>The open flow that a connector's packet belongs to; -1 when there is none and the packet was dropped.</summary>
    private int FlowFromConnector(AgentSlot connector, in IpView ip, long now)
    {
        if (ip.TryGetFlow(out var key))
        {
            if (IsEcho(ip) && IsEchoRequest(ip))
                return DropFlow(RelayDropReason.UnsupportedProtocol);
            key = key.Reverse();
            int index = FlowOf(key, client: null, connector, now);
            if (index < 0)
                return -1;
            ref var flow = ref _flows[index];
            _flows.Touch(index, now);
            if (flow.Phase == FlowPhase.Opening)
                flow.Phase = FlowPhase.Open;
            if (key.Protocol == IpProtocol.Tcp)
                NoteSegmentOfConnector(ref flow, ip);
            if (ip.MoreFragments)
                _fragments.Remember(ip, key, now);
            return index;
        }

        if (ip.FragmentOffset != 0)
            return _fragments.TryFind(ip, now, out key) ? FlowOf(key, client: null, connector, now) : DropFlow(RelayDropReason.UnknownFragment);
        return IcmpErrorView.TryParse(ip, out var error)
            ? FlowOf(error.Flow, client: null, connector, now)
            : DropFlow(RelayDropReason.UnsupportedProtocol);
    }

    /// <summary>The flow, if it is this client's or goes through this connector.</summary>
    private int FlowOf(in FlowKey key, AgentSlot? client, AgentSlot? connector, long now)
    {
        int index = _flows.Find(key, now);
        if (index < 0)
            return DropFlow(RelayDropReason.UnknownFlow);
        ref var flow = ref _flows[index];
        return flow.Client == (client ?? flow.Client) && flow.Connector == (connector ?? flow.Connector) ? index : DropFlow(RelayDropReason.ForeignFlow);
    }

    private static void NoteSegmentOfClient(ref GatewayFlow flow, in IpView ip)
    {
        if (!TcpView.TryParse(ip.Payload, out var segment))
            return;
        var flags = segment.Flags;
        uint length = (uint)segment.Payload.Length;
        if ((flags & TcpFlags.Syn) != 0)
        {
            length++;
            flow.Phase = FlowPhase.Opening;
            flow.ClientFinished = flow.ConnectorFinished = false;
        }

        if ((flags & TcpFlags.Fin) != 0)
        {
            length++;
            flow.ClientFinished = true;
        }

        flow.ClientNext = segment.SequenceNumber + length;
        if ((flags & TcpFlags.Ack) != 0)
            flow.ClientAcknowledged = segment.AcknowledgmentNumber;
        NoteEnd(ref flow, flags);
    }

    private static void NoteSegmentOfConnector(ref GatewayFlow flow, in IpView ip)
    {
        if (!TcpView.TryParse(ip.Payload, out var segment))
            return;
        if ((segment.Flags & TcpFlags.Fin) != 0)
            flow.ConnectorFinished = true;
        NoteEnd(ref flow, segment.Flags);
    }

    private static void NoteEnd(ref GatewayFlow flow, TcpFlags flags)
    {
        if ((flags & TcpFlags.Rst) != 0 || (flow.ClientFinished && flow.ConnectorFinished))
            flow.Phase = FlowPhase.Closing;
    }

    private static bool IsEcho(in IpView ip) => ip.Protocol is IpProtocol.Icmp or IpProtocol.Icmpv6;

    private static bool IsEchoRequest(in IpView ip) => ip.Payload[0] == (ip.Version == 4 ? IcmpType.EchoRequest : Icmpv6Type.EchoRequest);

    /// <summary>Drops a packet and tells its sender why, as far as an error may be sent, in the name of the packet's destination.</summary>
    private bool Refuse(AgentSlot sender, in IpView ip, RelayDropReason reason, IcmpErrorKind kind, long now)
    {
        Drop(reason);
        if (sender.ErrorBucket.TryTake(now)
            && IcmpError.TryWrite(_scratch.AsSpan(HeadLength), ip, ip.Destination, kind, _options.InnerMtu, out int length))
            SendScratch(sender, length, now);
        return false;
    }

    private int DropFlow(RelayDropReason reason)
    {
        Drop(reason);
        return -1;
    }
}
