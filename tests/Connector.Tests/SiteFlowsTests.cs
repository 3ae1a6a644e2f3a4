using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Keyhole.Contracts;
using Keyhole.NetStack;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Connector.Tests;

public sealed class SiteFlowsTests : IDisposable
{
    private readonly SiteHarness _harness = new();
    private readonly Socket _listener = SiteHarness.Listen();

    private int Port => SiteHarness.PortOf(_listener);

    public void Dispose()
    {
        _listener.Dispose();
        _harness.Dispose();
    }

    [Fact]
    public void Bytes_and_ends_cross_both_ways()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port));
        var flow = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Connected.Contains(flow));
        using var target = _listener.Accept();
        Write(flow, "hello"u8);
        _harness.Until(() => target.Available == 5);
        target.Receive(new byte[5]);
        target.Send("welcome"u8);
        _harness.Until(() => flow.ReceiveLength == 7);
        Assert.Equal("welcome"u8, flow.PeekReceive());
        flow.Consume(7);

        // Half-close: the client has finished, the target has not.
        flow.CloseSend();
        _harness.Until(() => target.Poll(0, SelectMode.SelectRead) && target.Available == 0);
        Assert.Equal(0, target.Receive(new byte[1]));
        target.Send("late"u8);
        _harness.Until(() => flow.ReceiveLength == 4);
        flow.Consume(4);
        target.Shutdown(SocketShutdown.Send);
        _harness.Until(() => _harness.Closed.ContainsKey(flow) || flow.ReceiveFinished);
        _harness.Until(() => _harness.Site.IsIdle || _harness.Site.Counts.TcpOpen == 0);
    }

    [Fact]
    public void A_megabyte_goes_through_although_the_target_is_slow()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port));
        var flow = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Connected.Contains(flow));
        using var target = _listener.Accept();
        var data = new byte[1 << 20];
        new Random(1).NextBytes(data);
        var received = new List<byte>();
        var buffer = new byte[3000];
        int written = 0;
        _harness.Until(() =>
        {
            while (written < data.Length && flow.GetSendSpan() is { Length: > 0 } space)
            {
                int length = Math.Min(space.Length, data.Length - written);
                data.AsSpan(written, length).CopyTo(space);
                flow.Commit(length);
                written += length;
            }

            if (target.Available > 0)
                received.AddRange(buffer.AsSpan(0, target.Receive(buffer)));
            return received.Count == data.Length;
        });
        Assert.Equal(data, received);
    }

    [Fact]
    public void A_refused_dial_is_a_refused_connection()
    {
        int port = Port;
        _listener.Dispose();
        _harness.Grant(SiteHarness.Resource("127.0.0.1", port));
        var flow = _harness.Connect("100.64.1.1", port);
        _harness.Until(() => _harness.Closed.ContainsKey(flow));
        Assert.Equal(CloseReason.Refused, _harness.Closed[flow]);
        Assert.Equal(1, _harness.Site.Counts.DialFailures);
    }

    [Fact]
    public void What_was_not_granted_never_reaches_a_socket()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port));
        var port = _harness.Connect("100.64.1.1", Port == 1 ? 2 : Port - 1);
        var address = _harness.Connect("100.64.9.9", Port);
        _harness.Until(() => _harness.Closed.Count == 2);
        Assert.Equal(CloseReason.Refused, _harness.Closed[port]);
        Assert.Equal(CloseReason.Unreachable, _harness.Closed[address]);
        Assert.False(_listener.Poll(0, SelectMode.SelectRead));
        Assert.Equal(1, _harness.Site.Counts.Denied(AccessVerdict.PortNotGranted));
        Assert.Equal(1, _harness.Site.Counts.Denied(AccessVerdict.NotGranted));
    }

    [Fact]
    [Trait("Threat", "19"), Trait("Threat", "20")]
    public void A_wider_grant_and_a_name_do_not_reach_the_connectors_own_host()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.0/24", Port, "100.64.8.0/24"), SiteHarness.Resource("localhost", Port) with { Id = 2 });
        var wide = _harness.Connect("100.64.8.1", Port);
        var name = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Closed.Count == 2);
        Assert.Equal((CloseReason.Unreachable, CloseReason.Unreachable), (_harness.Closed[wide], _harness.Closed[name]));
        Assert.Equal(2, _harness.Site.Counts.TargetsRefused);
        Assert.False(_listener.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    [Trait("Threat", "35")]
    public void Nobodys_flow_leads_to_an_auth_daemon_whatever_is_granted()
    {
        using var open = SiteHarness.Listen();
        int openPort = SiteHarness.PortOf(open);
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port) with { Tcp = [new PortRange(1, 65535)] });
        _harness.Site.SetDaemons(new[] { new IpEndpoint(IpAddress.Parse("127.0.0.1"), (ushort)Port) }.ToFrozenSet());
        var refused = _harness.Connect("100.64.1.1", Port);
        var kept = _harness.Connect("100.64.1.1", openPort);
        _harness.Until(() => _harness.Closed.ContainsKey(refused) && _harness.Connected.Contains(kept));
        Assert.Equal(CloseReason.Unreachable, _harness.Closed[refused]);
        Assert.Equal(1, _harness.Site.Counts.TargetsRefused);
        Assert.False(_listener.Poll(0, SelectMode.SelectRead));

        // The same way is open where no daemon is.
        _harness.Site.SetDaemons(FrozenSet<IpEndpoint>.Empty);
        var flow = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Connected.Contains(flow));
    }

    [Fact]
    [Trait("Threat", "22")]
    public void Losing_the_grant_resets_both_sides_at_once_and_leaves_others_alone()
    {
        var other = SiteHarness.Resource("127.0.0.1", Port, "100.64.2.2/32") with { Id = 2 };
        using var kept = SiteHarness.Listen();
        var keptResource = SiteHarness.Resource("127.0.0.1", SiteHarness.PortOf(kept), "100.64.3.3/32") with { Id = 3 };
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port), keptResource);
        var flow = _harness.Connect("100.64.1.1", Port);
        var stays = _harness.Connect("100.64.3.3", SiteHarness.PortOf(kept));
        _harness.Until(() => _harness.Connected.Count == 2);
        using var target = _listener.Accept();
        using var keptTarget = kept.Accept();

        Assert.Equal(1, _harness.Grant(other, keptResource));
        _harness.Until(() => _harness.Closed.ContainsKey(flow));
        Assert.Equal(CloseReason.PeerReset, _harness.Closed[flow]);
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => target.Receive(new byte[1])).SocketErrorCode);
        Write(stays, "still"u8);
        _harness.Until(() => keptTarget.Available == 5);
        Assert.False(_harness.Closed.ContainsKey(stays));
    }

    [Fact]
    public void A_target_that_resets_is_seen_as_a_reset()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port));
        var flow = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Connected.Contains(flow));
        var target = _listener.Accept();
        target.LingerState = new LingerOption(true, 0);
        target.Dispose();
        _harness.Until(() => _harness.Closed.ContainsKey(flow));
        Assert.Equal(CloseReason.PeerReset, _harness.Closed[flow]);
    }

    [Fact]
    public void Datagrams_go_and_come_and_a_closed_port_is_told()
    {
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        target.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = SiteHarness.PortOf(target);
        _harness.Grant(SiteHarness.Resource("127.0.0.1", port, udp: true));
        _harness.SendUdp("100.64.1.1", port, "ping"u8);
        _harness.Until(() => target.Available == 4);
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        target.ReceiveFrom(new byte[10], ref from);
        target.SendTo("pong!"u8, from);
        _harness.Until(() => _harness.Others.Count == 1);
        Assert.True(IpView.TryParse(_harness.Others[0], out var reply));
        Assert.True(UdpView.TryParse(reply.Payload, out var udp));
        Assert.Equal("pong!"u8, udp.Payload);
        Assert.Equal(("100.64.1.1", SiteHarness.ClientAddress), (reply.Source.ToString(), reply.Destination.ToString()));

        target.Dispose();
        _harness.SendUdp("100.64.1.1", port, "anyone?"u8);
        _harness.Run(20);
        _harness.SendUdp("100.64.1.1", port, "anyone?"u8);
        _harness.Until(() => _harness.Others.Count >= 2);
        Assert.True(IpView.TryParse(_harness.Others[1], out var error));
        Assert.Equal(IpProtocol.Icmp, error.Protocol);
        Assert.True(IcmpErrorView.TryParse(error, out var view));
        Assert.Equal(IcmpErrorKind.PortUnreachable, view.Kind);
    }

    [Fact]
    public void Draining_keeps_open_flows_and_takes_no_new_ones()
    {
        _harness.Grant(SiteHarness.Resource("127.0.0.1", Port));
        var flow = _harness.Connect("100.64.1.1", Port);
        _harness.Until(() => _harness.Connected.Contains(flow));
        using var target = _listener.Accept();
        _harness.Site.BeginDrain();
        var late = _harness.Connect("100.64.1.1", Port);
        Write(flow, "go on"u8);
        _harness.Until(() => target.Available == 5);
        Assert.DoesNotContain(late, _harness.Connected);
        Assert.False(_harness.Site.IsIdle);
    }

    private static void Write(TcpFlow flow, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(flow.GetSendSpan());
        flow.Commit(bytes.Length);
    }
}
