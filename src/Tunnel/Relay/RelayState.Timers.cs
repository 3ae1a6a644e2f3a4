using Keyhole.Contracts;

namespace Keyhole.Tunnel;

public sealed partial class RelayState
{
    private const long Never = long.MaxValue;
    private const long Second = 1_000_000;
    private const long HousekeepingInterval = Second;

    // A connector that was sent something and says nothing is asked, and soon given up: its clients have other connectors.
    private const long ProbeAfter = 300_000;
    private const long ProbeInterval = 300_000;
    private const long SilentAfter = 900_000;
    private const long ProbeGranularity = 100_000;

    /// <summary>A stock node answers no ping: it is judged by the paper's own patience, KEEPALIVE_TIMEOUT and REKEY_TIMEOUT.</summary>
    private const long StockSilentAfter = 15_000_000;

    /// <summary>After this time without an answer nobody asks any more; the agent has to speak first.</summary>
    private const long ProbeUntil = 60_000_000;

    private long _housekeepingAt = Never;
    private long _probeAt = Never;

    /// <summary>When <see cref="Tick"/> wants to be called; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline =>
        Math.Min(Math.Min(Math.Min(_device.NextDeadline, _initiateAt), Math.Min(_housekeepingAt, _probeAt)), Math.Min(Math.Min(Forwarding.NextExpiry, ForgetAt), _nameStreams?.NextDeadline ?? Never));

    /// <summary>Does what is due. May be called early.</summary>
    public void Tick(long now)
    {
        _device.Tick(now);
        while (_device.TryDequeueEvent(out _))
        {
            // Sessions show in the status; their coming and going is no news.
        }

        if (now >= _initiateAt)
            InitiateNext(now);
        if (now >= _probeAt)
            Probe(now);
        if (now >= _housekeepingAt)
            KeepHouse(now);
        Forwarding.Expire(now);
        _nameStreams?.Tick(now);
        ForgetRestarted(now);
    }

    private void ExpectAnswer(AgentSlot connector, long now)
    {
        if (connector.UnansweredSince != 0)
            return;
        connector.UnansweredSince = now;
        _probeAt = Math.Min(_probeAt, now + ProbeAfter);
    }

    private void Probe(long now)
    {
        _probeAt = Never;
        foreach (var (_, site) in _sites)
        {
            foreach (var connector in site.Connectors)
            {
                if (connector.UnansweredSince == 0 || now - connector.UnansweredSince > ProbeUntil)
                    continue;
                ProbeConnector(connector, now);
                _probeAt = now + ProbeGranularity;
            }
        }
    }

    private void ProbeConnector(AgentSlot connector, long now)
    {
        long silence = now - connector.UnansweredSince;
        if (!connector.Row.Stock && silence >= ProbeAfter && now - connector.ProbedAt >= ProbeInterval)
        {
            connector.ProbedAt = now;
            new SessionPing(SessionMessageType.Ping, NewNonce()).Write(_scratch.AsSpan(HeadLength, SessionPing.Length));
            SendScratch(connector, SessionPing.Length, now);
        }

        if (!connector.IsSilent && silence >= (connector.Row.Stock ? StockSilentAfter : SilentAfter))
            FallSilent(connector, now);
    }

    /// <summary>
    /// Flows of a silent connector are cut while another one can take them: without one there is nothing to gain, and it may come back.
    /// </summary>
    private void FallSilent(AgentSlot connector, long now)
    {
        connector.IsSilent = true;
        int cut = connector.Site!.Connectors.Exists(other => other.TakesFlows(now)) ? CutFlowsOf(connector, tcpOnly: false, now) : 0;
        Raise(RelayEventKind.ConnectorSilent, connector, cut);
    }

    private void KeepHouse(long now)
    {
        _housekeepingAt = now + HousekeepingInterval;

        // Every flow is looked at once a minute.
        int places = Math.Max(_flows.End / 60, 64);
        for (int index; (index = _flows.SweepNext(ref places, now)) >= 0;)
            RemoveFlow(index);
        _pending.Expire(now);
        RecordHeard(now);
    }
}
