using Keyhole.Packets;

namespace Keyhole.Relay;

/// <summary>
/// On a host with several addresses: to which of them an agent sends, and so from which it expects what comes. A NAT would let nothing else pass. Until a
/// second address of one family is seen it costs nothing. Lossy: where two agents share a place the last one is known, and the system chooses for the other.
/// </summary>
internal sealed class LocalAddresses
{
    private const int PlaceCount = 1 << 14;

    // Written under the state's lock, read by any thread.
    private Known?[]? _places;
    private IpAddress _first4;
    private IpAddress _first6;

    /// <summary>Whether this host was reached at more than one address of a family.</summary>
    public bool AreSeveral => Volatile.Read(ref _places) is not null;

    /// <summary>Notes where this host was reached; true when the agent's address is worth a <see cref="Remember"/>.</summary>
    public bool Saw(in IpAddress local)
    {
        if (AreSeveral || local == default)
            return AreSeveral;
        ref var first = ref local.IsIpv4 ? ref _first4 : ref _first6;
        if (first == default)
            first = local;
        else if (first != local)
            Volatile.Write(ref _places, new Known?[PlaceCount]);
        return AreSeveral;
    }

    /// <summary>Under the state's lock. Allocates when the agent is new or sends elsewhere than before.</summary>
    public void Remember(in IpEndpoint agent, in IpAddress local)
    {
        ref var place = ref _places![PlaceOf(agent)];
        if (place is null || place.Agent != agent || place.Local != local)
            Volatile.Write(ref place, new Known(agent, local));
    }

    /// <summary>The address to send from; [::] leaves it to the system. Any thread.</summary>
    public IpAddress For(in IpEndpoint agent) =>
        Volatile.Read(ref _places) is { } places && Volatile.Read(ref places[PlaceOf(agent)]) is { } known && known.Agent == agent ? known.Local : default;

    private static int PlaceOf(in IpEndpoint agent) => agent.GetHashCode() & (PlaceCount - 1);

    private sealed class Known(in IpEndpoint agent, in IpAddress local)
    {
        public readonly IpEndpoint Agent = agent;
        public readonly IpAddress Local = local;
    }
}
