using Keyhole.Contracts;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.WireGuard;

namespace Keyhole.Tunnel;

/// <remarks>How long packets may be (docs/protocol.md, rule 21): found out for each way, told to the connector, which follows.</remarks>
public sealed partial class ClientState
{
    /// <summary>The longest inner packet that any way may come to carry.</summary>
    public int LargestMtu => _options.LargestMtu;

    /// <summary>How often the way to a connector turned out to carry less than before: whoever cuts packets asks again.</summary>
    public long NarrowingTotal { get; private set; }

    /// <summary>How long packets like this one may be. A SYN may offer all that there may come to be: what it offers holds for the life of its flow.</summary>
    public FlowMtu MtuOf(ReadOnlySpan<byte> packet, long now) =>
        IpView.TryParse(packet, out var ip) && _routes.Find(ip.Destination) is { } site ? MtuOf(site, HashOf(ip), now) : new FlowMtu(LargestMtu, LargestMtu);

    /// <summary>The same for the packets that this client sends in a flow.</summary>
    public FlowMtu MtuOf(in FlowKey flow, long now) =>
        _routes.Find(flow.Destination) is { } site ? MtuOf(site, flow.Hash(_hashKey), now) : new FlowMtu(LargestMtu, LargestMtu);

    private FlowMtu MtuOf(ClientSite site, ulong hash, long now)
    {
        if (site.Pick(hash, now) is not { } link)
            return new FlowMtu(LargestMtu, LargestMtu);
        return new FlowMtu(link.Search.Mtu, link.LargestMtu);
    }

    /// <summary>A short ping was answered: the way stands, and what it carries can be asked.</summary>
    private void StartSearch(MtuSearch search, long roundTrip, long now)
    {
        if (!search.IsStarted)
            search.Start(_options.RandomSource.NextUInt64(), roundTrip, now);
    }

    /// <summary>A pong of the length of its ping. One that came in fragments shows only that somebody put them together.</summary>
    private bool MtuAnswered(ConnectorLink link, MtuSearch search, in IpEndpoint destination, in SessionPing pong, int length, bool isFragmented, long now)
    {
        if (isFragmented || !search.Answered(pong.Nonce, length, now))
            return false;
        TellMtu(link, search, destination, now);
        return true;
    }

    private void SearchMtu(ConnectorLink link, long now)
    {
        while (link.RelayEndpoint is { } relay && link.RelaySearch.Next(now) is > 0 and int length)
            AskMtu(link, link.RelaySearch, relay, length, now);
        while (link.Paths.TakeMtuDue(now, out int pathLength) is { } path)
            AskMtu(link, path.Search, path.Endpoint, pathLength, now);
        while (link.Paths.TakeDecided() is { } path)
            PathAnswered(link, path, now);
        if (link is { Paths.InUse: { IsTooNarrow: true } narrow, Relay.State: RegistrationState.Live })
            FallBack(link, narrow, now);
        NoteNarrowing(link);
    }

    private void AskMtu(ConnectorLink link, MtuSearch search, in IpEndpoint destination, int length, long now)
    {
        SendPing(link, destination, new SessionPing(SessionMessageType.PeerPing, search.Nonce), length, now, whole: length > SessionPing.Length);

        // A length that was taken back is sought anew: what is left is told each time, since any message may be lost and the connector may believe in more.
        if (length > search.Mtu || search.Mtu == InnerMtu.Smallest)
            TellMtu(link, search, destination, now);
    }

    private void TellMtu(ConnectorLink link, MtuSearch search, in IpEndpoint destination, long now)
    {
        var slot = _written.Reserve(SessionMtu.Length, now);
        new SessionMtu((ushort)search.Mtu).Write(slot.Slice(TransportMessage.PacketOffset, SessionMtu.Length));
        _written.Send(link.Peer, destination, slot, SessionMtu.Length, now);
    }

    private void NoteNarrowing(ConnectorLink link)
    {
        int mtu = link.Search.Mtu;
        if (mtu < link.LastMtu)
            NarrowingTotal++;
        link.LastMtu = mtu;
    }
}
