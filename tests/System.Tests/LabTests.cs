using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;
using Xunit.Sdk;

namespace Keyhole.System.Tests;

/// <summary>The kit itself: a lab that does not separate or lose would prove nothing.</summary>
public class LabTests
{
    /// <summary>inside 10.1.0.2 -- 10.1.0.1 router 10.2.0.1 -- 10.2.0.2 outside</summary>
    private static (Topology Topology, NetworkNamespace Inside, NetworkNamespace Router, NetworkNamespace Outside) Build()
    {
        var topology = new Topology();
        var (inside, router, outside) = (topology.Host("inside"), topology.Host("router"), topology.Host("outside"));
        Topology.Cable(inside, "eth0", ["10.1.0.2/24", "fd01::2/64"], router, "in0", ["10.1.0.1/24", "fd01::1/64"]);
        Topology.Cable(outside, "eth0", ["10.2.0.2/24", "fd02::2/64"], router, "out0", ["10.2.0.1/24", "fd02::1/64"]);
        router.Forward();
        inside.Route("default", "10.1.0.1");
        outside.Route("default", "10.2.0.1");
        return (topology, inside, router, outside);
    }

    [LabFact]
    public void A_masquerading_router_hides_the_inner_host_and_denies_what_it_did_not_ask_for()
    {
        var (topology, inside, router, outside) = Build();
        using var _ = topology;
        Firewall.Masquerade(router, "out0");
        Firewall.DenyInbound(router, "out0");
        using var listener = outside.Enter(() => Listen("10.2.0.2"));
        using var client = inside.Enter(() => Connect("10.2.0.2", 5000));
        using var accepted = listener.Accept();
        Assert.Equal("10.2.0.1", ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString());

        using var hidden = inside.Enter(() => Listen("10.1.0.2"));
        Assert.ThrowsAny<Exception>(() => outside.Enter(() => Connect("10.1.0.2", 5000)));
    }

    [LabFact]
    public void A_lossy_router_loses_about_what_it_was_told_to()
    {
        var (topology, inside, router, outside) = Build();
        using var _ = topology;
        Firewall.Lose(router, 20);
        using var receiver = outside.Enter(() => Bound("10.2.0.2"));
        using var sender = inside.Enter(() => Bound("10.1.0.2"));
        for (int i = 0; i < 2000; i++)
            sender.SendTo([1], new IPEndPoint(IPAddress.Parse("10.2.0.2"), 5000));
        int count = 0;
        receiver.ReceiveTimeout = 300;
        try
        {
            for (var buffer = new byte[16]; ; count++)
                receiver.Receive(buffer);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TimedOut)
        {
            Assert.InRange(count, 1450, 1750);
        }
    }

    [Fact]
    public void What_is_held_once_in_three_times_passes_and_what_never_is_fails()
    {
        int count = 0;
        Assert.Equal(3, BestOfThree.Where(number => number == 3, "the third", () => ++count));
        Assert.Contains("4; 5; 6", Assert.ThrowsAny<XunitException>(() => BestOfThree.Where(number => number == 3, "the third", () => ++count)).Message, StringComparison.Ordinal);
    }

    private static Socket Listen(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 5000));
        socket.Listen();
        return socket;
    }

    private static Socket Bound(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 5000));
        return socket;
    }

    private static Socket Connect(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (!socket.ConnectAsync(IPAddress.Parse(address), port).Wait(3000))
        {
            socket.Dispose();
            throw new TimeoutException($"{address}:{port} does not answer.");
        }

        return socket;
    }
}
