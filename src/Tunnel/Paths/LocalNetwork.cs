using Keyhole.Contracts;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// Where an agent can be reached past the relay by its own knowledge, and which addresses of others it tries (docs/protocol.md, rule 17). A relay that lies
/// about them can make it send a few short pings, to public addresses that are none of the relay's own and to private ones of the agent's own networks.
/// </summary>
internal sealed class LocalNetwork
{
    private const ushort LowestPort = 1024;

    private static readonly IpPrefix[] s_never = Prefixes("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/96", "100::/64", "fe80::/10");

    /// <summary>RFC 1918, RFC 6598, RFC 4193.</summary>
    private static readonly IpPrefix[] s_private = Prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

    private IReadOnlyList<LocalAddress> _addresses = [];
    private IReadOnlyList<IpEndpoint> _mapped = [];
    private IpPrefix[] _networks = [];
    private IpPrefix[] _overlay = [];
    private ushort _port;

    /// <summary>Whether the machine's addresses were told.</summary>
    public bool IsKnown => _port != 0;

    /// <summary>What the relay is told, best first.</summary>
    public SessionCandidates Offer { get; private set; }

    /// <summary>Follows the machine's addresses; true when the offer, or a network that it is on, is another one.</summary>
    /// <param name="port">Of the socket through which the agent sends.</param>
    public bool SetAddresses(IReadOnlyList<LocalAddress> addresses, ushort port)
    {
        if (port == _port && _addresses.SequenceEqual(addresses))
            return false;
        _addresses = [.. addresses];
        _port = port;
        _networks = [.. addresses.Where(address => IsUsable(address.Address)).Select(address => new IpPrefix(address.Address, address.PrefixLength))];
        MakeOffer();
        return true;
    }

    /// <summary>Addresses that a gateway of the machine's network maps to its socket; true when they are others than before.</summary>
    public bool SetMapped(IReadOnlyList<IpEndpoint> endpoints)
    {
        if (_mapped.SequenceEqual(endpoints))
            return false;
        _mapped = [.. endpoints];
        MakeOffer();
        return true;
    }

    /// <summary>What is inside the tunnel is no way to carry it.</summary>
    public void SetOverlay(IReadOnlyList<string> prefixes)
    {
        var parsed = new List<IpPrefix>(prefixes.Count);
        foreach (string text in prefixes)
        {
            if (IpPrefix.TryParse(text, out var prefix))
                parsed.Add(prefix);
        }

        _overlay = [.. parsed];
        MakeOffer();
    }

    /// <summary>Whether the address is within a network that this machine is on.</summary>
    public bool IsOnLink(IpAddress address) => Any(_networks, address);

    /// <summary>Whether a ping may go there: what an authentic datagram came from, too, is held against this.</summary>
    public bool MayReach(in IpEndpoint endpoint) => endpoint.Port >= LowestPort && IsUsable(endpoint.Address) && !IsOwn(endpoint.Address);

    /// <summary>
    /// Whether a candidate of an introduction is tried. A private one is worth trying only from the same network: both are seen behind one address, and it is
    /// on a link of this machine; or the relay itself sees both at private addresses, being inside that network.
    /// </summary>
    /// <param name="own">Where the relay sees this agent.</param>
    /// <param name="reflexive">Where the relay sees the other.</param>
    /// <param name="relay">Where the relay is: from outside it sees nobody at a private address, whatever it says.</param>
    public bool MayTry(in IpEndpoint candidate, in IpEndpoint own, in IpEndpoint reflexive, IpAddress relay)
    {
        if (!MayReach(candidate))
            return false;
        if (!IsPrivate(candidate.Address))
            return true;
        return candidate == reflexive ? IsPrivate(own.Address) && IsPrivate(relay) : own.Address == reflexive.Address && IsOnLink(candidate.Address);
    }

    private static bool IsPrivate(IpAddress address) => Any(s_private, address);

    /// <summary>Addresses at which no other machine is reached over an ordinary network are neither offered nor tried.</summary>
    private bool IsUsable(IpAddress address) => address.IsUnicast && !Any(s_never, address) && !Any(_overlay, address);

    private bool IsOwn(IpAddress address)
    {
        foreach (var own in _addresses)
        {
            if (own.Address == address)
                return true;
        }

        return false;
    }

    private void MakeOffer()
    {
        var offer = new SessionCandidates();
        var endpoints = _mapped.Concat(_addresses.Select(address => address.Address).Where(IsUsable).OrderBy(IsPrivate).Select(address => new IpEndpoint(address, _port)));
        int count = 0;
        foreach (var endpoint in endpoints.Where(endpoint => endpoint.Port >= LowestPort).Distinct().Take(SessionCandidates.MaximumCount))
            offer[count++] = endpoint.ToSession();
        Offer = offer;
    }

    private static bool Any(IpPrefix[] prefixes, IpAddress address)
    {
        foreach (ref readonly var prefix in prefixes.AsSpan())
        {
            if (prefix.Contains(address))
                return true;
        }

        return false;
    }

    private static IpPrefix[] Prefixes(params ReadOnlySpan<string> texts)
    {
        var prefixes = new IpPrefix[texts.Length];
        for (int index = 0; index < texts.Length; index++)
            prefixes[index] = IpPrefix.Parse(texts[index]);
        return prefixes;
    }
}
