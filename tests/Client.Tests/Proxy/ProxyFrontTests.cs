using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyhole.Net;
using Keyhole.Packets;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests;

/// <summary>What programs of this machine see of the proxy. Drawing: <see cref="ProxyWorld"/>.</summary>
[Collection(LoopbackPorts.Name)]
public class ProxyFrontTests
{
    private static readonly byte[] s_greeting = [5, 1, 0];

    [Theory]
    [InlineData(ProxyWorld.Target)]
    [InlineData(ProxyWorld.Alias)]
    [InlineData("WEB.acme.internal.")]
    [InlineData("100.96.0.1")]
    [InlineData("fd00::1:1")]
    [Trait("Promise", "A14")]
    public void SOCKS5_leads_to_a_granted_target_by_name_and_by_address(string host)
    {
        using var world = new ProxyWorld();
        using var socket = Open(world, host, ProxyWorld.Echo);
        socket.Send("echo"u8);
        Assert.Equal("echo", Read(socket, 4));
    }

    [Fact]
    public void What_is_sent_before_the_answer_reaches_the_target_and_half_close_passes_both_ways()
    {
        using var world = new ProxyWorld();
        using var socket = world.Connect();
        byte[] early = new byte[1000];
        new Random(1).NextBytes(early);
        socket.Send([.. s_greeting, .. Request(ProxyWorld.Alias, ProxyWorld.Echo), .. early]);
        socket.Shutdown(SocketShutdown.Send);
        // The end of the connection came before the answer: there is nobody left to serve.
        Drain(socket);
        world.Until("nothing is left", () => world.Front.ConnectionCount == 0 && world.Flows.TcpCount == 0);

        using var second = Open(world, ProxyWorld.Alias, ProxyWorld.Echo, early);
        second.Shutdown(SocketShutdown.Send);
        Assert.Equal(early, Drain(second));
        world.Until("nothing is left", () => world.Front.ConnectionCount == 0);
    }

    [Fact]
    public void A_connection_whose_first_bytes_find_no_memory_is_refused_instead_of_losing_them()
    {
        const int Budget = 64 << 10, Slab = 16 << 10;
        using var world = new ProxyWorld(bufferBudget: Budget);
        using var waiting = world.Connect();
        waiting.Send([.. s_greeting, .. Request(ProxyWorld.Target, ProxyWorld.Held), .. "early"u8]);
        world.Until("it is being connected", () => world.Flows.TcpCount == 1);
        using var greedy = Open(world, ProxyWorld.Target, ProxyWorld.Lossy);
        greedy.Send(new byte[2 * Budget]);
        world.Until("the memory is spent", () => world.Flows.BufferBytes + Slab > Budget);
        world.Accept();
        Assert.Equal([5, 0, 5, (byte)SocksReply.GeneralFailure, 0, 1, 0, 0, 0, 0, 0, 0], Drain(waiting));
        world.Until("it is counted and gone", () => world.Front.Counts is { Busy: 1, Unreachable: 0 } && world.Front.ConnectionCount == 1 && world.Flows.TcpCount == 1);
    }

    [Theory]
    [InlineData(ProxyWorld.Refused, SocksReply.ConnectionRefused)]
    [InlineData(ProxyWorld.NoNetwork, SocksReply.NetworkUnreachable)]
    [InlineData(ProxyWorld.NoHost, SocksReply.HostUnreachable)]
    [InlineData(ProxyWorld.Prohibited, SocksReply.NotAllowed)]
    internal void A_refusal_of_the_target_is_told_as_what_it_is(ushort port, SocksReply reply)
    {
        using var world = new ProxyWorld();
        using var socket = world.Connect();
        socket.Send([.. s_greeting, .. Request(ProxyWorld.Target, port)]);
        Assert.Equal([5, 0, 5, (byte)reply, 0, 1, 0, 0, 0, 0, 0, 0], Drain(socket));
        world.Until("it is counted and gone", () => world.Front.Counts.Unreachable == 1 && world.Front.ConnectionCount == 0);
    }

    [Theory]
    [InlineData("192.168.1.21", ProxyWorld.Echo)]
    [InlineData("8.8.8.8", ProxyWorld.Echo)]
    [InlineData("127.0.0.1", ProxyWorld.Echo)]
    [InlineData("example.com", ProxyWorld.Echo)]
    [InlineData(ProxyWorld.Target, 22)]
    [InlineData(ProxyWorld.Alias, 22)]
    [Trait("Promise", "A1"), Trait("Promise", "D9")]
    public void What_was_not_granted_is_refused_without_a_packet(string host, int port)
    {
        using var world = new ProxyWorld();
        using var socket = world.Connect();
        socket.Send([.. s_greeting, .. Request(host, (ushort)port)]);
        Assert.Equal([5, 0, 5, (byte)SocksReply.NotAllowed, 0, 1, 0, 0, 0, 0, 0, 0], Drain(socket));
        Assert.Equal(1, world.Invoke(() => world.Front.Counts.NotGranted));
        Assert.Equal(0, world.Invoke(() => world.Flows.TcpCount));
    }

    [Fact]
    public void HTTP_CONNECT_is_spoken_on_the_same_port()
    {
        using var world = new ProxyWorld();
        using var socket = world.Connect();
        socket.Send(Encoding.ASCII.GetBytes($"CONNECT {ProxyWorld.Alias}:80 HTTP/1.1\r\nHost: {ProxyWorld.Alias}\r\n\r\n"));
        const string Established = "HTTP/1.1 200 Connection established\r\n\r\n";
        Assert.Equal(Established, Read(socket, Established.Length));
        socket.Send("echo"u8);
        Assert.Equal("echo", Read(socket, 4));

        using var refused = world.Connect();
        refused.Send("CONNECT example.com:80 HTTP/1.1\r\n\r\n"u8);
        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", Encoding.ASCII.GetString(Drain(refused)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_password_opens_nothing()
    {
        using var world = new ProxyWorld(new ProxyOptions { Listen = new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0), Credentials = new SocksCredentials("ann", "secret") });
        using var wrong = world.Connect();
        wrong.Send([5, 1, 2, 1, 3, .. "ann"u8, 5, .. "guess"u8, .. Request(ProxyWorld.Alias, ProxyWorld.Echo)]);
        Assert.Equal([5, 2, 1, 1], Drain(wrong));
        using var none = world.Connect();
        none.Send(s_greeting);
        Assert.Equal([5, 0xFF], Drain(none));
        using var right = world.Connect();
        right.Send([5, 1, 2, 1, 3, .. "ann"u8, 6, .. "secret"u8, .. Request(ProxyWorld.Alias, ProxyWorld.Echo)]);
        Assert.Equal([5, 2, 1, 0, 5, 0], Bytes(right, 6));
        Assert.Equal((2, 0), world.Invoke(() => (world.Front.Counts.Unauthorised, world.Front.Counts.NotGranted)));
    }

    [Fact]
    public void Datagrams_of_an_association_reach_their_targets_from_one_port_and_end_with_it()
    {
        using var world = new ProxyWorld();
        using var control = world.Connect();
        control.Send([.. s_greeting, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
        byte[] reply = Bytes(control, 12);
        Assert.Equal([5, 0, 5, 0, 0, 1, 127, 0, 0, 1], reply[..10]);
        var relay = new IPEndPoint(IPAddress.Loopback, reply[10] << 8 | reply[11]);
        using var client = Udp();
        byte[] large = new byte[20_000];
        new Random(2).NextBytes(large);
        foreach (string host in new[] { ProxyWorld.Target, ProxyWorld.Alias, "fd00::1:1" })
        {
            client.SendTo([0, 0, 0, .. Address(host, ProxyWorld.UdpEcho), .. large], relay);
            byte[] buffer = new byte[65_536];
            int length = client.Receive(buffer);
            Assert.True(SocksDatagram.TryParse(buffer.AsSpan(0, length), out var source, out var payload));
            Assert.Equal(ProxyWorld.UdpEcho, source.Port);
            Assert.True(payload.SequenceEqual(large));
        }

        Assert.Equal((3, 1), world.Invoke(() => (world.DatagramsArrived, world.DatagramSenders.Count)));

        // Fragments, targets that were not granted, and datagrams of another program go nowhere.
        client.SendTo([0, 0, 1, .. Address(ProxyWorld.Target, ProxyWorld.UdpEcho), 1], relay);
        client.SendTo([0, 0, 0, .. Address(ProxyWorld.Target, 53), 1], relay);
        client.SendTo([0, 0, 0, .. Address("example.com", 53), 1], relay);
        using var stranger = Udp();
        stranger.SendTo([0, 0, 0, .. Address(ProxyWorld.Target, ProxyWorld.UdpEcho), 1], relay);
        world.Until("they are counted", () => world.Front.Counts is { DatagramsDropped: 2, NotGranted: 2 });
        Assert.Equal(3, world.Invoke(() => world.DatagramsArrived));

        control.Dispose();
        world.Until("the association is gone", () => world.Front.AssociationCount == 0 && world.Flows.UdpCount == 0 && world.Front.ConnectionCount == 0);
    }

    [Fact]
    public void A_port_that_comes_round_again_leads_nobody_to_the_datagrams_of_another()
    {
        PortForward forward = default;
        using var world = Started(() =>
        {
            Assert.Null(PortForward.Parse($"udp:{FreePort(SocketType.Dgram)}:{ProxyWorld.Alias}:{ProxyWorld.UdpEcho}", out forward));
            return new ProxyOptions { Listen = new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0), Forwards = [forward] };
        });
        ushort start = world.Invoke(world.Flows.NextPort);
        byte[] header = [0, 0, 0, .. Address("100.96.0.1", ProxyWorld.UdpEcho)];
        var controls = new List<Socket>();
        foreach (string text in new[] { "one", "two" })
        {
            controls.Add(world.Connect());
            controls[^1].Send([.. s_greeting, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
            byte[] reply = Bytes(controls[^1], 12);
            using var client = Udp();
            Exchange(client, reply[10] << 8 | reply[11], [.. header, .. Encoding.ASCII.GetBytes(text)]);
            Assert.Equal(start, world.Invoke(() => Enumerable.Range(0, 1 << 16).Select(_ => world.Flows.NextPort()).First(port => port == start)));
        }

        using var third = Udp();
        Exchange(third, forward.Listen.Port, "three"u8.ToArray());
        Assert.Equal((3, 3), world.Invoke(() => (world.DatagramSenders.Count, world.Flows.UdpCount)));
        controls.ForEach(control => control.Dispose());
    }

    [Fact]
    public void Forwards_lead_to_their_targets()
    {
        PortForward tcp = default, udp = default, closed = default;
        using var world = Started(() =>
        {
            Assert.Null(PortForward.Parse($"{FreePort(SocketType.Stream)}:{ProxyWorld.Alias}:80", out tcp));
            Assert.Null(PortForward.Parse($"udp:{FreePort(SocketType.Dgram)}:{ProxyWorld.Alias}:{ProxyWorld.UdpEcho}", out udp));
            Assert.Null(PortForward.Parse($"{FreePort(SocketType.Stream)}:{ProxyWorld.Alias}:22", out closed));
            return new ProxyOptions { Forwards = [tcp, udp, closed] };
        });
        using var socket = ProxyWorld.Connect(tcp.Listen);
        socket.Send("echo"u8);
        Assert.Equal("echo", Read(socket, 4));

        using var first = Udp();
        using var second = Udp();
        foreach (var (client, text) in new[] { (first, "one"), (second, "two"), (first, "three") })
        {
            client.SendTo(Encoding.ASCII.GetBytes(text), new IPEndPoint(IPAddress.Loopback, udp.Listen.Port));
            byte[] buffer = new byte[100];
            Assert.Equal(text, Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)));
        }

        Assert.Equal(2, world.Invoke(() => world.DatagramSenders.Count));
        using var refused = ProxyWorld.Connect(closed.Listen);
        Assert.Empty(Drain(refused));
        Assert.Equal(1, world.Invoke(() => world.Front.Counts.NotGranted));
    }

    [Theory]
    [InlineData("127.0.0.1", 80)]
    [InlineData("localhost", 80)]
    [InlineData("169.254.169.254", 80)]
    [InlineData("100.96.0.77", 80)]
    [InlineData(ProxyWorld.Target, 22)]
    [InlineData(ProxyWorld.Alias, 22)]
    [Trait("Promise", "D9")]
    public void With_direct_neither_this_machine_nor_what_belongs_inside_is_reached_outside(string host, int port)
    {
        using var world = new ProxyWorld(new ProxyOptions { Listen = new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0), Direct = true });
        using var socket = world.Connect();
        socket.Send([.. s_greeting, .. Request(host, (ushort)port)]);
        Assert.Equal([5, 0, 5, (byte)SocksReply.NotAllowed, 0, 1, 0, 0, 0, 0, 0, 0], Drain(socket));
        Assert.Equal((1, 0), world.Invoke(() => (world.Front.Counts.NotGranted, world.Front.Counts.Direct)));
    }

    [Fact]
    [Trait("Promise", "D9")]
    public void With_direct_no_address_of_this_machine_is_reached_and_new_ones_count()
    {
        using var world = new ProxyWorld(new ProxyOptions { Listen = new IpEndpoint(IpAddress.Parse("127.0.0.1"), 0), Direct = true });
        var own = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(unicast => IpAddress.From(unicast.Address)).ToList();
        Assert.NotEmpty(own);
        Assert.All(own, address => Assert.False(world.Front.DirectRules.Allows(address, isExact: false)));

        world.Invoke(() => world.Front.DirectRules = new TargetRules([IpAddress.Parse("203.0.113.9")]));
        using var socket = world.Connect();
        socket.Send([.. s_greeting, .. Request("203.0.113.9", 80)]);
        Assert.Equal([5, 0, 5, (byte)SocksReply.NotAllowed, 0, 1, 0, 0, 0, 0, 0, 0], Drain(socket));
    }

    [Fact]
    [Trait("Promise", "A2")]
    public void Flows_end_with_their_grant()
    {
        using var world = new ProxyWorld();
        using var socket = Open(world, ProxyWorld.Alias, ProxyWorld.Echo);
        socket.Send("echo"u8);
        Assert.Equal("echo", Read(socket, 4));
        Assert.Equal(0, world.Invoke(() => world.Front.Follow(ProxyWorld.Granted())));
        Assert.Equal(1, world.Invoke(() => world.Front.Follow(GrantedTargets.None)));
        Assert.Empty(Drain(socket));
        world.Until("nothing is left", () => world.Front.ConnectionCount == 0 && world.Flows.TcpCount == 0);
        using var after = world.Connect();
        after.Send([.. s_greeting, .. Request(ProxyWorld.Alias, ProxyWorld.Echo)]);
        Assert.Equal((byte)SocksReply.NotAllowed, Drain(after)[3]);
    }

    [Fact]
    public void Whoever_leaves_before_the_answer_leaves_nothing_behind()
    {
        using var world = new ProxyWorld();
        using (var socket = world.Connect())
        {
            socket.Send([.. s_greeting, .. Request(ProxyWorld.Target, ProxyWorld.Silent)]);
            world.Until("it is being connected", () => world.Flows.TcpCount == 1);
        }

        using (var socket = world.Connect())
            socket.Send(s_greeting);
        world.Until("nothing is left", () => world.Front.ConnectionCount == 0 && world.Flows.TcpCount == 0);
        Assert.Equal(0, world.Invoke(() => world.Front.Counts.Unreachable));
    }

    [Fact]
    public void Connections_that_say_nothing_give_way_to_new_ones()
    {
        using var world = new ProxyWorld();
        var silent = new List<Socket>();
        for (int i = 0; i < 600; i++)
            silent.Add(world.Connect());
        world.Until("the oldest went", () => world.Front.Counts.Malformed > 0 && world.Front.ConnectionCount <= 512);
        using var socket = Open(world, ProxyWorld.Alias, ProxyWorld.Echo);
        socket.Send("echo"u8);
        Assert.Equal("echo", Read(socket, 4));
        silent.ForEach(one => one.Dispose());
        world.Until("one is left", () => world.Front.ConnectionCount == 1);
    }

    [Fact]
    public void Hundreds_of_connections_carry_their_own_bytes()
    {
        using var world = new ProxyWorld();
        var sockets = Enumerable.Range(0, 300).Select(_ => Open(world, ProxyWorld.Alias, ProxyWorld.Echo)).ToList();
        for (int i = 0; i < sockets.Count; i++)
            sockets[i].Send(Encoding.ASCII.GetBytes($"{i:0000}"));
        for (int i = 0; i < sockets.Count; i++)
            Assert.Equal($"{i:0000}", Read(sockets[i], 4));
        Assert.Equal(300, world.Invoke(() => world.Flows.TcpCount));
        sockets.ForEach(socket => socket.Dispose());
        world.Until("nothing is left", () => world.Front.ConnectionCount == 0 && world.Flows.TcpCount == 0);
    }

    [Fact]
    public void Four_megabytes_come_back_as_they_were()
    {
        using var world = new ProxyWorld();
        using var socket = Open(world, ProxyWorld.Alias, ProxyWorld.Echo);
        byte[] sent = new byte[4 << 20];
        new Random(3).NextBytes(sent);
        var sending = new Thread(() =>
        {
            for (int at = 0; at < sent.Length;)
                at += socket.Send(sent.AsSpan(at));
            socket.Shutdown(SocketShutdown.Send);
        });
        sending.Start();
        Assert.True(Drain(socket).AsSpan().SequenceEqual(sent));
        sending.Join();
    }

    private static Socket Open(ProxyWorld world, string host, ushort port, byte[]? early = null)
    {
        var socket = world.Connect();
        socket.Send([.. s_greeting, .. Request(host, port), .. early ?? []]);
        byte[] reply = Bytes(socket, 6);
        Assert.Equal([5, 0, 5, 0, 0], reply[..5]);
        Bytes(socket, reply[5] == SocksAddress.Ipv4 ? 6 : 18);
        return socket;
    }

    private static byte[] Request(string host, ushort port) => [5, 1, 0, .. Address(host, port)];

    private static byte[] Address(string host, ushort port)
    {
        if (!IpAddress.TryParse(host, out var address))
            return [3, (byte)host.Length, .. Encoding.ASCII.GetBytes(host), (byte)(port >> 8), (byte)port];
        byte[] written = new byte[SocksAddress.MaximumWrittenLength];
        return written[..SocksAddress.Write(written, new IpEndpoint(address, port))];
    }

    private static Socket Udp()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 30_000 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    /// <summary>What is sent comes back, to whoever sent it.</summary>
    private static void Exchange(Socket client, int port, byte[] datagram)
    {
        client.SendTo(datagram, new IPEndPoint(IPAddress.Loopback, port));
        byte[] buffer = new byte[datagram.Length + 100];
        Assert.Equal(datagram, buffer[..client.Receive(buffer)]);
    }

    /// <summary>Another program may take a port that was free: then there are others.</summary>
    private static ProxyWorld Started(Func<ProxyOptions> options)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new ProxyWorld(options());
            }
            catch (NetworkException) when (attempt < 10)
            {
                // Taken meanwhile.
            }
        }
    }

    private static ushort FreePort(SocketType type)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Read(Socket socket, int length) => Encoding.ASCII.GetString(Bytes(socket, length));

    private static byte[] Bytes(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            int read = socket.Receive(bytes.AsSpan(at));
            Assert.True(read > 0, "the connection ended");
            at += read;
        }

        return bytes;
    }

    /// <summary>Everything up to the end, orderly or not.</summary>
    private static byte[] Drain(Socket socket)
    {
        var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = socket.Receive(buffer)) > 0;)
                bytes.Write(buffer, 0, read);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A reset is an end, too.
        }

        return bytes.ToArray();
    }
}
