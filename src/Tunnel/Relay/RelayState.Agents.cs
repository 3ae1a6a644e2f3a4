using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <remarks>Which agent an address stands for, and what of it must go with an agent or a grant.</remarks>
public sealed partial class RelayState
{
    /// <summary>The agents whose registration came from an address that they have not confirmed: one address each, the last counts.</summary>
    private readonly Dictionary<IpEndpoint, AgentSlot> _byCandidate = [];

    /// <summary>The agent that has confirmed this address, or whose candidate it is.</summary>
    private AgentSlot? FindSender(in IpEndpoint source)
    {
        if (Forwarding.TryFindAgent(source, out int index))
            return _slots[index];
        return _byCandidate.TryGetValue(source, out var slot) && slot.Candidate.Address == source ? slot : null;
    }

    private void SetCandidate(AgentSlot slot, in Candidate candidate)
    {
        if (slot.Candidate.Address is { } old && _byCandidate.TryGetValue(old, out var holder) && holder == slot)
            _byCandidate.Remove(old);
        slot.Candidate = candidate;
        if (candidate.Address is { } address)
            _byCandidate[address] = slot;
    }

    /// <summary>
    /// What handshakes through the relay left of an agent that is gone, but for its entries, which lead nowhere without its address and go one by one. Its pending
    /// initiations are found by nobody from here on.
    /// </summary>
    private void ForgetAgent(AgentSlot slot)
    {
        SetCandidate(slot, default);
        slot.Guard?.Dispose();
        slot.Guard = null;
    }

    /// <summary>Ends what leads from a client to a connector that it may not reach any more, and back.</summary>
    private void ForgetPair(AgentSlot client, AgentSlot connector) => Forwarding.RemovePairs(client.Index, connector.Index);

    /// <summary>What a client was granted, from now on.</summary>
    private void SetRoutes(AgentSlot client, GatewayRoutes routes)
    {
        var before = client.Routes;
        client.Routes = routes;
        foreach (var site in before.Sites)
        {
            if (routes.Sites.Contains(site))
                continue;
            foreach (var connector in site.Connectors)
                ForgetPair(client, connector);
        }
    }

    /// <summary>Rule 7: a hint. One that names nobody, or somebody whom the client may not meet, is counted.</summary>
    private bool TakeCounterpart(AgentSlot client, in SessionCounterpart counterpart)
    {
        if (_device.FindPeer(new PublicKey(counterpart.PublicKey))?.State is not AgentSlot { IsConnector: true } connector || !client.MayMeet(connector))
            return Drop(RelayDropReason.Control);
        client.Announced = connector;
        return false;
    }
}
