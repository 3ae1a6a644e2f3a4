using Keyhole.Contracts;
using Keyhole.Cryptography;

namespace Keyhole.Tunnel;

/// <remarks>A connector that started anew (docs/protocol.md, rule 14): its entries go, and its clients are told, a bounded part of them at a time.</remarks>
public sealed partial class RelayState
{
    /// <summary>Sessions that go in one turn: about 0.1 ms, most of it for the messages.</summary>
    private const int SessionsPerTurn = 64;

    private readonly Queue<(AgentSlot Connector, long Since)> _restarted = new();

    /// <summary>Now, while there is something left to forget.</summary>
    private long ForgetAt => _restarted.Count > 0 ? 0 : Never;

    private void Restarted(AgentSlot connector, long now)
    {
        _restarted.Enqueue((connector, now));
        ForgetRestarted(now);
    }

    /// <summary>
    /// The oldest sessions of the connector first, up to those that were made since. A client hears of it with the last of its own, unless it has a new one already.
    /// </summary>
    private void ForgetRestarted(long now)
    {
        for (int left = SessionsPerTurn; left > 0 && _restarted.TryPeek(out var restart); left--)
        {
            var (connector, since) = restart;
            if (connector.Peer.IsRemoved || !Forwarding.TryRemoveOldest(connector.Index, since, out int client))
                _restarted.Dequeue();
            else if (_slots[client] is { Row.Stock: false, Address: not null } slot && slot.Peer.HasSession(now) && !Forwarding.HasPair(client, connector.Index))
                SendCounterpart(slot, connector, now);
        }
    }

    private void SendCounterpart(AgentSlot client, AgentSlot connector, long now)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        connector.Peer.PublicKey.CopyTo(key);
        new SessionCounterpart(key).Write(_scratch.AsSpan(HeadLength, SessionCounterpart.Length));
        SendScratch(client, SessionCounterpart.Length, now);
    }

    /// <summary>One session of the agents that are leaving; false when they have none any more.</summary>
    private bool TryForgetLeaving()
    {
        for (; _forgotten < _leaving.Count; _forgotten++)
        {
            if (Forwarding.TryRemoveAny(_leaving[_forgotten].Index))
                return true;
        }

        return false;
    }
}
