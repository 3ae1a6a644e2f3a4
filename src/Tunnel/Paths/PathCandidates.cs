using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Tunnel;

/// <summary>
/// The addresses past the relay as client and connector deal with them alike: what the machine has is offered through the registrations, and what others
/// offer is tried. A part of <see cref="ClientState"/> and <see cref="ConnectorState"/>, and on their thread.
/// </summary>
/// <param name="isEnabled">False: own addresses are not offered, and others' not discovered.</param>
/// <param name="leadsInside">Whether an address is reached through the tunnel, which cannot carry itself.</param>
internal sealed class PathCandidates(RegistrationSet registrations, RandomSource random, bool isEnabled, Func<IpAddress, bool> leadsInside)
{
    private readonly LocalNetwork _network = new();

    /// <summary>What is inside the tunnel is no way to carry it.</summary>
    public void SetOverlay(IReadOnlyList<string> prefixes)
    {
        _network.SetOverlay(prefixes);
        TakeOffer();
    }

    /// <summary>The machine's network is another one; the first one is offered at once.</summary>
    /// <param name="port">Of the agent's socket.</param>
    /// <returns>True when there was one before, so that everything is to be asked anew: see <see cref="Renew"/>.</returns>
    public bool Follow(IReadOnlyList<LocalAddress> addresses, ushort port, long now)
    {
        bool wasKnown = _network.IsKnown;
        bool isChanged = _network.SetAddresses(addresses, port);

        // Equal addresses behind another gateway are another network.
        if (!wasKnown && isChanged)
            Offer(now);
        return wasKnown;
    }

    /// <summary>Addresses that a gateway has mapped to the agent's socket.</summary>
    public void SetMapped(IReadOnlyList<IpEndpoint> endpoints, long now)
    {
        if (_network.SetMapped(endpoints))
            Offer(now);
    }

    /// <summary>Registers anew by the way that the system chooses now, with the addresses that there are now.</summary>
    public void Renew(long now)
    {
        TakeOffer();
        registrations.Renew(now);
    }

    /// <summary>Pings the addresses of an introduction that are worth it.</summary>
    /// <param name="own">Where the relay sees this agent.</param>
    public void Try(PathSet paths, Registration relay, in IpEndpoint own, in SessionIntroduction introduction, long now)
    {
        var reflexive = introduction.Reflexive.ToIpEndpoint();
        paths.BeginIntroduction();
        Try(paths, relay, reflexive, own, reflexive, now);
        for (int index = 0; index < SessionCandidates.MaximumCount; index++)
            Try(paths, relay, introduction.Candidates[index].ToIpEndpoint(), own, reflexive, now);
    }

    /// <summary>Whether an address is tried that stood in no introduction, since an authentic ping came from there.</summary>
    public bool MayDiscover(in IpEndpoint source) => isEnabled && _network.MayReach(source) && LeadsOutside(source.Address);

    /// <summary>Pings such an address.</summary>
    public void Discover(PathSet paths, in IpEndpoint source, long now) => paths.Discover(source, KindOf(source.Address), random.NextUInt64(), now);

    private void Try(PathSet paths, Registration relay, in IpEndpoint candidate, in IpEndpoint own, in IpEndpoint reflexive, long now)
    {
        if (_network.MayTry(candidate, own, reflexive, relay.HeardFrom.Address) && LeadsOutside(candidate.Address))
            paths.Introduce(candidate, KindOf(candidate.Address), random.NextUInt64(), now);
    }

    /// <summary>Tells the relays of other addresses than before.</summary>
    private void Offer(long now)
    {
        TakeOffer();
        registrations.Greet(now);
    }

    private void TakeOffer()
    {
        if (isEnabled)
            registrations.Candidates = _network.Offer;
    }

    /// <summary>Whether the address is reached through the tunnel.</summary>
    public bool LeadsInside(IpAddress address) => leadsInside(address);

    /// <summary>Neither to a relay nor into the tunnel.</summary>
    private bool LeadsOutside(IpAddress address) => !registrations.IsRelay(address) && !leadsInside(address);

    private PathKind KindOf(IpAddress address) => _network.IsOnLink(address) ? PathKind.Local : PathKind.Direct;
}
