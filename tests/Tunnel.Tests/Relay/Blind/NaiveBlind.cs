using Keyhole.Packets;
using Keyhole.Tunnel.Tests.Relay.Forwarding;

namespace Keyhole.Tunnel.Tests.Relay.Blind;

/// <summary>
/// Rules 7 to 10 for agents whose addresses are confirmed, in the plainest words: lists, and every one looked through. The forwarding entries are the
/// table's own twin.
/// </summary>
internal sealed class NaiveBlind(int maximumEntries)
{
    private const long Second = 1_000_000;
    private const long PendingLifetime = 6 * Second;

    private readonly List<Pending> _pending = [];
    private readonly Dictionary<NaiveAgent, long> _searched = [];
    private readonly Dictionary<NaiveAgent, long> _initiated = [];
    private readonly Dictionary<NaiveAgent, NaiveAgent> _met = [];
    private readonly Dictionary<NaiveAgent, long> _answered = [];

    public List<NaiveAgent> Agents { get; } = [];

    public HashSet<(NaiveAgent Client, NaiveAgent Connector)> Grants { get; } = [];

    public NaiveForwarding Forwarding { get; } = new(maximumEntries);

    public void Revoke(NaiveAgent client, NaiveAgent connector)
    {
        Grants.Remove((client, connector));
        Forwarding.RemovePairs(client.Slot, connector.Slot);
    }

    /// <summary>Where an initiation goes; null: nowhere.</summary>
    public IpEndpoint? Initiation(IpEndpoint source, NaiveAgent responder, uint index, long now)
    {
        if (At(source) is not { } initiator || initiator is { IsConnector: true, IsStock: false })
            return null;
        bool isLikely = _met.GetValueOrDefault(initiator) == responder && MayMeet(initiator, responder);
        if (!isLikely && !TryTake(_searched, initiator, perSecond: 10, now))
            return null;
        if (!MayMeet(initiator, responder) || !TryTake(_initiated, initiator, perSecond: 10, now))
            return null;
        var known = Find(responder, index, now);
        if ((known is not null && known.Initiator != initiator)
            || (Forwarding.Route(responder.Address, index, now, use: false) is { To: >= 0 and var to } && to != initiator.Slot))
            return null;
        if (responder.IsStock
            && (_pending.Count(pending => pending.Initiator == initiator && pending.Responder == responder && now - pending.At < Second) >= 2
                || !TryTake(_answered, responder, perSecond: 15, now)))
            return null;
        if (known is null)
            Add(new Pending(initiator, responder, index, now), now);
        return responder.Address;
    }

    public IpEndpoint? Response(IpEndpoint source, NaiveAgent madeFor, uint senderIndex, uint receiverIndex, long now)
    {
        if (At(source) is not { } responder || Find(responder, receiverIndex, now) is not { } pending || pending.Initiator != madeFor || pending.Responses == 4)
            return null;
        pending.Responses++;
        var initiator = pending.Initiator;
        var result = initiator.IsConnector
            ? Forwarding.AddPair(responder.Slot, initiator.Slot, senderIndex, receiverIndex, now)
            : Forwarding.AddPair(initiator.Slot, responder.Slot, receiverIndex, senderIndex, now);
        if (result is not (EntryResult.Added or EntryResult.Known))
            return null;
        _met[initiator] = responder;
        if (responder.IsStock)
            _met[responder] = initiator;
        return initiator.Address;
    }

    public IpEndpoint? CookieReply(IpEndpoint source, uint receiverIndex, long now)
    {
        if (At(source) is not { } sender)
            return null;
        if (Forwarding.Route(source, receiverIndex, now, use: false) is { Found: true } route)
            return route.Destination;
        return Find(sender, receiverIndex, now)?.Initiator.Address;
    }

    public IpEndpoint? Data(IpEndpoint source, uint receiverIndex, long now) =>
        Forwarding.Route(source, receiverIndex, now) is { Found: true } route ? route.Destination : null;

    private NaiveAgent? At(IpEndpoint source) => Agents.Find(agent => agent.Address == source);

    private bool MayMeet(NaiveAgent a, NaiveAgent b) => Grants.Contains((a, b)) || Grants.Contains((b, a));

    private Pending? Find(NaiveAgent responder, uint index, long now) => _pending.Find(pending =>
        pending.Responder == responder && pending.Index == index && now - pending.At < PendingLifetime && MayMeet(pending.Initiator, responder));

    private void Add(Pending pending, long now)
    {
        _pending.RemoveAll(other => now - other.At >= PendingLifetime || (other.Responder == pending.Responder && other.Index == pending.Index));
        var ofInitiator = _pending.Where(other => other.Initiator == pending.Initiator).ToList();
        var ofPair = ofInitiator.Where(other => other.Responder == pending.Responder).ToList();
        if (ofPair.Count == 4)
            _pending.Remove(ofPair[0]);
        else if (ofInitiator.Count == 32)
            _pending.Remove(ofInitiator[0]);
        _pending.Add(pending);
    }

    /// <summary>As many at once as in a second: a bucket that holds a second, and each takes its part of it.</summary>
    private static bool TryTake(Dictionary<NaiveAgent, long> emptiedAt, NaiveAgent agent, int perSecond, long now)
    {
        long share = Second / perSecond;
        long from = Math.Max(emptiedAt.GetValueOrDefault(agent, now - share * perSecond), now - share * perSecond);
        if (now - from < share)
            return false;
        emptiedAt[agent] = from + share;
        return true;
    }

    private sealed record Pending(NaiveAgent Initiator, NaiveAgent Responder, uint Index, long At)
    {
        public int Responses { get; set; }
    }
}
