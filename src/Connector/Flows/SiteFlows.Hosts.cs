using Keyhole.NetStack;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>What the stack and the tables ask: may this flow be, and where does it lead.</summary>
internal sealed partial class SiteFlows
{
    private long _nextAttemptAt = long.MaxValue;

    public void OnSyn(PendingSyn syn)
    {
        var verdict = Decide(syn.Peer, syn.Key, out var decided);
        if (verdict != AccessVerdict.Allowed)
        {
            Counts.Deny(verdict);
            if (!_denials.TryTake(Now))
                syn.Drop();
            else if (verdict == AccessVerdict.PortNotGranted)
                syn.Reset();
            else
                syn.Unreachable(UnreachableCode.Prohibited);
            return;
        }

        if (_draining)
        {
            syn.Drop();
            return;
        }

        var target = new TcpTarget(this, syn, decided);
        _tcpTargets.Add(target);
        target.Begin(Now);
        _nextAttemptAt = Math.Min(_nextAttemptAt, target.NextAttemptAt);
    }

    public void OnSynAbandoned(PendingSyn syn) => (syn.State as TcpTarget)?.OnAbandoned();

    public void OnConnected(TcpFlow flow) => Pump(flow);

    public void OnReadable(TcpFlow flow) => Pump(flow);

    public void OnSendSpace(TcpFlow flow) => Pump(flow);

    public void OnPeerFin(TcpFlow flow) => Pump(flow);

    public void OnPeerReset(TcpFlow flow)
    {
        // OnClosed follows, and says all.
    }

    public void OnClosed(TcpFlow flow) => (flow.State as TcpTarget)?.OnFlowClosed();

    public bool OnOpening(UdpFlow flow)
    {
        var verdict = Decide(flow.Peer, flow.Key, out var decided);
        if (verdict != AccessVerdict.Allowed)
        {
            Counts.Deny(verdict);
            if (_denials.TryTake(Now))
                Udp.Unreachable(flow, UnreachableCode.Prohibited);
            return false;
        }

        return Open(flow, new UdpTarget(this, flow, decided));
    }

    public void OnDatagram(UdpFlow flow, ReadOnlySpan<byte> payload) => (flow.State as UdpTarget)?.Forward(payload);

    public void OnClosed(UdpFlow flow) => (flow.State as UdpTarget)?.OnFlowClosed();

    public bool OnOpening(EchoFlow flow)
    {
        // An echo has no port: its key carries the identifier in both places.
        var verdict = _rules.Decide(flow.Peer, flow.Key.Source, flow.Key.Destination, flow.Key.Protocol, 0, out var decided);
        if (verdict != AccessVerdict.Allowed)
        {
            Counts.Deny(verdict);
            if (_denials.TryTake(Now))
                Echo.Unreachable(flow, UnreachableCode.Prohibited);
            return false;
        }

        return Open(flow, new EchoTarget(this, flow, decided));
    }

    public void OnEchoRequest(EchoFlow flow, ushort sequenceNumber, ReadOnlySpan<byte> payload) => (flow.State as EchoTarget)?.Forward(sequenceNumber, payload);

    public void OnClosed(EchoFlow flow) => (flow.State as EchoTarget)?.OnFlowClosed();

    internal void Forget(TcpTarget target)
    {
        if (target.ListIndex >= 0)
            _tcpTargets.RemoveAt(target.ListIndex);
    }

    internal void Forget(DatagramTarget target)
    {
        if (target.ListIndex >= 0)
            _datagramTargets.RemoveAt(target.ListIndex);
    }

    private static void Pump(TcpFlow flow) => (flow.State as TcpTarget)?.Pump();

    private bool Open(DatagramFlow flow, DatagramTarget target)
    {
        if (_draining || !target.Begin(Now))
            return false;
        flow.State = target;
        _datagramTargets.Add(target);
        return true;
    }

    /// <summary>Dials of names with several addresses go on to the next one.</summary>
    private void TickDials(long now)
    {
        if (now < _nextAttemptAt)
            return;
        _nextAttemptAt = long.MaxValue;
        for (int i = _tcpTargets.Count - 1; i >= 0; i--)
        {
            if (i >= _tcpTargets.Count)
                continue;
            var target = _tcpTargets[i];
            if (target.NextAttemptAt <= now)
                target.TryNextAddress(now);
            if (target.ListIndex >= 0)
                _nextAttemptAt = Math.Min(_nextAttemptAt, target.NextAttemptAt);
        }
    }
}
