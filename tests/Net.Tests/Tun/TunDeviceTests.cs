using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.Net.Tests;

/// <summary>A host with one TUN device, 10.4.0.1/24; we are everything behind it.</summary>
public class TunDeviceTests
{
    [LabFact]
    public void Packets_of_the_host_are_read_and_packets_written_reach_it()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        using var device = LinkEmulator.OpenTun(host, "tun0", ["10.4.0.1/24"]);
        using var socket = host.Enter(() => Bound());
        socket.SendTo([1, 2, 3], new IPEndPoint(IPAddress.Parse("10.4.0.2"), 9));

        var packet = new byte[2000];
        int length = ReadUdp(device, packet);
        Assert.Equal(20 + 8 + 3, length);
        Assert.Equal(new byte[] { 10, 4, 0, 2 }, packet[16..20]);

        // Addresses and ports swapped, the checksum of IP stays right, that of UDP is left out.
        var answer = packet[..length];
        packet[12..16].CopyTo(answer, 16);
        packet[16..20].CopyTo(answer, 12);
        packet[20..22].CopyTo(answer, 22);
        packet[22..24].CopyTo(answer, 20);
        answer[26] = answer[27] = 0;
        Assert.Equal(length, device.Write(answer, out var fault));
        Assert.True(fault.IsNone);
        socket.ReceiveTimeout = 5000;
        Assert.Equal(3, socket.Receive(new byte[16]));
    }

    [LabFact]
    public void With_offload_packets_have_a_header_and_tcp_leaves_in_super_packets()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        using var device = LinkEmulator.OpenTun(host, "tun0", ["10.4.0.1/24"], offload: true);

        Assert.True(device.HasHeader);
        Assert.True(device.Offload.HasFlag(TunOffload.Checksum | TunOffload.Tso4 | TunOffload.Tso6));
        using var socket = host.Enter(() => Bound());
        socket.SendTo([1, 2, 3], new IPEndPoint(IPAddress.Parse("10.4.0.2"), 9));
        var buffer = new byte[TunDevice.BufferLength];
        int length = ReadUdp(device, buffer);
        var header = VnetHeader.Read(buffer);
        Assert.Equal(VnetHeader.Size + 20 + 8 + 3, length);
        Assert.True(header.NeedsChecksum);
        Assert.Equal((20, 6), (header.ChecksumStart, header.ChecksumOffset));
    }

    [LabFact]
    public void An_empty_device_would_block_and_its_loop_waits()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        using var device = LinkEmulator.OpenTun(host, "tun0", ["10.4.0.1/24"]);
        Drain(device);

        Assert.Equal(-1, device.Read(new byte[100], out var fault));
        Assert.True(fault.IsWouldBlock);
    }

    [LabFact]
    public void A_name_that_is_taken_says_so()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        using var device = host.Enter(() => TunDevice.Open("tun0"));

        var e = Assert.Throws<NetworkException>(() => host.Enter(() => TunDevice.Open("tun0")));
        Assert.Contains("tun0", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_too_long_is_the_callers_fault() => Assert.Throws<ArgumentException>(() => TunDevice.Open("a-name-of-16-chr"));

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("10.4.0.1"), 0));
        return socket;
    }

    private static void Drain(TunDevice device)
    {
        var buffer = new byte[TunDevice.BufferLength];
        // The host announces itself over IPv6 a moment after the device is up.
        for (long end = MonotonicClock.Now + 300_000; MonotonicClock.Now < end;)
            device.Read(buffer, out _);
    }

    /// <summary>The next IPv4 UDP packet; the host also sends IPv6 of its own accord.</summary>
    private static int ReadUdp(TunDevice device, byte[] buffer)
    {
        int ip = device.HasHeader ? VnetHeader.Size : 0;
        for (long end = MonotonicClock.Now + 5_000_000; MonotonicClock.Now < end;)
        {
            int length = device.Read(buffer, out _);
            if (length > ip + 20 && buffer[ip] >> 4 == 4 && buffer[ip + 9] == 17)
                return length;
        }

        throw new TimeoutException("no packet");
    }
}
