using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>
/// Two hosts with a router between them, whose second link is narrower: what may not be cut is lost there or already here, what may arrives in fragments,
/// and the receiver is told.
/// <code>
/// left ── 1500 ── router ── 1400 ── right
/// </code>
/// </summary>
public sealed class PathProbeTests : IDisposable
{
    private const int Narrow = 1400;
    private const int Header4 = 28;
    private const int Header6 = 48;

    private readonly SendBatch _sent = new();
    private readonly ReceiveBatch _received = new(16, 65536);
    private readonly List<IDisposable> _opened = [];

    public void Dispose()
    {
        foreach (var item in Enumerable.Reverse(_opened))
            item.Dispose();
        _sent.Dispose();
        _received.Dispose();
    }

    [LabFact]
    public void A_datagram_that_must_stay_whole_shows_what_a_path_carries()
    {
        var (left, right, rightHost) = Hosts();
        Assert.True(left.Capabilities.PathProbes && right.Capabilities.PathProbes);
        var to4 = new IpEndpoint(IpAddress.Parse("10.2.0.2"), right.Local.Port);
        var to6 = new IpEndpoint(IpAddress.Parse("fd02::2"), right.Local.Port);

        // Longer than the second link: lost as a probe, in fragments as data; IPv6 has no routers that cut.
        Send(left, to4, Narrow - Header4 + 1, whole: true);
        Send(left, to4, Narrow - Header4, whole: true);
        Send(left, to4, 1472, whole: false);
        Send(left, to6, Narrow - Header6 + 1, whole: true);
        Send(left, to6, Narrow - Header6, whole: true);
        Assert.Equal([(1372, false), (1472, true), (1352, false)], Receive(right, 3));

        // The answer comes from the narrow side: there the host itself cuts, or refuses to.
        var back4 = new IpEndpoint(IpAddress.Parse("10.1.0.2"), left.Local.Port);
        var back6 = new IpEndpoint(IpAddress.Parse("fd01::2"), left.Local.Port);
        long refused = right.Counters.SendRefused;
        foreach (var (back, header) in new[] { (back4, Header4), (back6, Header6) })
        {
            Send(right, back, Narrow - header + 1, whole: true);
            Send(right, back, Narrow - header, whole: true);
            Send(right, back, 1472, whole: false);
        }

        Assert.Equal([(1372, false), (1472, true), (1352, false), (1472, true)], Receive(left, 4));
        Assert.Equal(refused + 2, right.Counters.SendRefused);
        _ = rightHost;
    }

    [LabFact]
    public void However_many_probes_a_batch_holds_they_cost_one_more_call_and_what_follows_may_be_cut_again()
    {
        var (left, right, _) = Hosts();
        var to4 = new IpEndpoint(IpAddress.Parse("10.2.0.2"), right.Local.Port);
        var to6 = new IpEndpoint(IpAddress.Parse("fd02::2"), right.Local.Port);
        for (int i = 0; i < 8; i++)
        {
            Assert.True(_sent.TryCopy(to4, new byte[100 + i]));
            foreach (var to in new[] { to4, to6 })
            {
                Assert.True(_sent.TryReserve(1352, out _));
                _sent.CommitAt(to, 0, 1352, whole: true);
            }
        }

        var before = left.Counters;
        left.Send(_sent);
        Assert.Equal((2, 24), (left.Counters.SendCalls - before.SendCalls, left.Counters.SentDatagrams - before.SentDatagrams));
        Assert.Equal(16, Receive(right, 24).Count(datagram => datagram == (1352, false)));
        Send(left, to4, 1472, whole: false);
        Assert.Equal([(1472, true)], Receive(right, 1));
    }

    [LabFact]
    public void Runs_leave_as_one_message_again_once_their_segments_fit()
    {
        var (_, right, _) = Hosts();
        var back = new IpEndpoint(IpAddress.Parse("10.1.0.2"), 9);
        Run(1450);
        Assert.Equal(1, right.Counters.OffloadRefused);
        Run(1300);
        Run(1450);
        Run(1300);
        Assert.Equal(1, right.Counters.OffloadRefused);

        void Run(int size)
        {
            var before = right.Counters;
            for (int i = 0; i < 10; i++)
                Assert.True(_sent.TryCopy(back, new byte[size]));
            right.Send(_sent);
            Assert.Equal(10, right.Counters.SentDatagrams - before.SentDatagrams);
            Assert.Equal(size == 1300 ? 1 : 10, right.Counters.SentMessages - before.SentMessages);
        }
    }

    private (IDatagramSocket Left, IDatagramSocket Right, NetworkNamespace RightHost) Hosts()
    {
        var topology = Own(new Topology());
        var (left, router, right) = (topology.Host("left"), topology.Host("router"), topology.Host("right"));
        Topology.Cable(left, "wan", ["10.1.0.2/24", "fd01::2/64"], router, "left", ["10.1.0.1/24", "fd01::1/64"]);
        Topology.Cable(right, "wan", ["10.2.0.2/24", "fd02::2/64"], router, "right", ["10.2.0.1/24", "fd02::1/64"], mtu: Narrow);
        router.Forward();
        foreach (var (host, gateway4, gateway6) in new[] { (left, "10.1.0.1", "fd01::1"), (right, "10.2.0.1", "fd02::1") })
        {
            host.Route("default", gateway4);
            host.Ip("-6", "route", "add", "default", "via", gateway6);
        }

        return (Own(left.Enter(Open)), Own(right.Enter(Open)), right);
    }

    private static IDatagramSocket Open() => DatagramSockets.Open(new DatagramSocketOptions());

    private T Own<T>(T item) where T : IDisposable
    {
        _opened.Add(item);
        return item;
    }

    private void Send(IDatagramSocket socket, in IpEndpoint to, int length, bool whole)
    {
        Assert.True(_sent.TryReserve(length, out _));
        _sent.CommitAt(to, 0, length, whole: whole);
        socket.Send(_sent);
    }

    private List<(int Length, bool IsFragmented)> Receive(IDatagramSocket socket, int count)
    {
        var found = new List<(int, bool)>();
        while (found.Count < count && socket.Receive(_received, 5000) > 0)
        {
            foreach (var datagram in _received.Datagrams)
                found.Add((datagram.Length, datagram.IsFragmented));
        }

        Assert.Equal(0, socket.Receive(_received, 100));
        return found;
    }
}
