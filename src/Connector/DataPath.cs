using Keyhole.Edge;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector;

/// <summary>The connector's data thread: sessions towards the relays on one side, flows to the site on the other.</summary>
internal sealed class DataPath : PacketThread
{
    /// <summary>A run holds at least 8 bytes of each datagram, in at most 64 KiB.</summary>
    private const int MaximumRunCount = 65_536 / 8;

    private readonly ClientPacket[] _packets = new ClientPacket[MaximumRunCount];

    public DataPath(Func<DatagramOut, ConnectorState> state, Func<EventLoop, ConnectorState, SiteFlows> site)
    {
        State = state(Out);
        Site = site(Loop, State);
    }

    public ConnectorState State { get; }

    public SiteFlows Site { get; }

    protected override long NextDeadline => Math.Min(State.NextDeadline, Site.NextDeadline);

    protected override void Received(ReceiveBatch datagrams, long now)
    {
        foreach (var run in datagrams.Runs)
        {
            int found = State.Receive(run.Bytes, run.SegmentSize, run.Source, now, _packets, run.IsFragmented);
            foreach (ref readonly var packet in _packets.AsSpan(0, found))
                Site.Input(run.Bytes.Slice(packet.Offset, packet.Length), packet.Client, now);
        }
    }

    protected override void StreamChanged(in IpEndpoint endpoint, bool isOpen, long now)
    {
        if (isOpen)
            State.StreamOpened(endpoint, now);
        else
            State.StreamClosed(endpoint, now);
    }

    protected override void Tick(long now)
    {
        if (now >= State.NextDeadline)
            State.Tick(now);
        if (now >= Site.NextDeadline)
            Site.Tick(now);
    }

    /// <summary>The flows write, the session seals.</summary>
    protected override void Flush(long now)
    {
        while (State.TryTakeNarrowed(out int client))
            Site.PathChanged(client);
        Site.Flush(now);
        State.Flush(now);
    }

    protected override void Dispose(bool disposing)
    {
        Site.Dispose();
        State.Dispose();
        base.Dispose(disposing);
    }
}
