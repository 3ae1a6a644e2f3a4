using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyhole.Lab;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>
/// Our TCP against the Linux kernel's, in both directions, over links that lose, reorder and duplicate. The picture is in
/// <see cref="StackHost"/>. KEYHOLE_LONG=1 adds the whole matrix (<see cref="KernelMatrixTests"/>).
/// </summary>
[Collection("kernel")]
public class KernelTests
{
    private const int UploadPort = 6001, DownloadPort = 6002;

    private static readonly IPAddress Ours4 = StackHost.Ours4.ToIPAddress(), Ours6 = StackHost.Ours6.ToIPAddress();

    [LabFact]
    public void Bulk_from_the_kernel_and_to_it_arrives_byte_by_byte()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        bench.RoundTrip(Ours4, 32 << 20);
        bench.RoundTrip(Ours6, 16 << 20);
        bench.CheckEmpty();
    }

    [LabFact]
    public void Sixteen_connections_at_once_each_way()
    {
        using var bench = new KernelBench(new LinkConditions { Delay = 1_000 });
        byte[] expected = KernelPeer.DigestOf(1 << 20);
        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 32 }, i =>
        {
            if (i % 2 == 0)
                Assert.Equal(expected, bench.Kernel.Upload(Ours4, 1 << 20));
            else
                Assert.Equal(expected, bench.Kernel.Download(Ours4, 1 << 20).Digest);
        });
        bench.CheckEmpty();
    }

    [LabFact]
    [Trait("Pitfall", "P17")]
    [Trait("Pitfall", "P18")]
    public void Loss_and_reordering_cost_time_and_no_byte()
    {
        LinkConditions[] links =
        [
            new() { Delay = 2_000, Loss = 0.01 },
            new() { Delay = 2_000, Loss = 0.03, Duplicate = 0.01 },
            new() { Delay = 2_000, Loss = 0.1 },
            new() { Delay = 2_000, Reorder = 0.05, ReorderDelay = 2_000 },
            new() { Delay = 2_000, BitsPerSecond = 20_000_000, QueueLimit = 40 },
        ];
        Parallel.ForEach(links, link =>
        {
            using var bench = new KernelBench(link);
            bench.RoundTrip(Ours4, link.Loss > 0.05 ? 300_000 : 1_500_000);
            bench.CheckEmpty();
        });
    }

    [LabFact]
    [Trait("Pitfall", "P27")]
    public void Connections_open_and_close_by_the_hundreds()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        byte[] expected = KernelPeer.DigestOf(100);
        Parallel.For(0, 600, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => Assert.Equal(expected, bench.Kernel.Upload(Ours4, 100)));
        bench.CheckEmpty();
    }

    [LabFact]
    [Trait("Pitfall", "P26")]
    public void What_becomes_of_a_dial_reaches_the_application()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        var clock = Stopwatch.StartNew();
        Assert.Equal(SocketError.ConnectionRefused, Assert.ThrowsAny<SocketException>(() => bench.Kernel.Connect(Ours4, StackHost.RefusedPort)).SocketErrorCode);
        Assert.Equal(SocketError.HostUnreachable, Assert.ThrowsAny<SocketException>(() => bench.Kernel.Connect(Ours4, StackHost.UnreachablePort)).SocketErrorCode);
        Assert.Equal(SocketError.ConnectionRefused, Assert.ThrowsAny<SocketException>(() => bench.Kernel.Connect(Ours6, StackHost.RefusedPort)).SocketErrorCode);
        Assert.Equal(SocketError.HostUnreachable, Assert.ThrowsAny<SocketException>(() => bench.Kernel.Connect(Ours6, StackHost.UnreachablePort)).SocketErrorCode);
        Assert.InRange(clock.ElapsedMilliseconds, 0, 2_000);
    }

    [LabFact]
    [Trait("Pitfall", "P15")]
    public void A_reset_of_either_end_is_a_reset_at_the_other()
    {
        using var bench = new KernelBench(LinkConditions.Perfect);
        var reset = Assert.ThrowsAny<SocketException>(() =>
        {
            using var socket = bench.Kernel.Connect(Ours4, StackHost.ResetPort);
            socket.Receive(new byte[10]);
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);

        using (var socket = bench.Kernel.Connect(Ours4, StackHost.UploadPort))
        {
            socket.Send(new byte[1_000]);
            bench.Wait(stack => stack.FlowCount == 1);
            socket.LingerState = new LingerOption(true, 0);
        }

        bench.Wait(stack => stack.FlowCount == 0 && stack.Counters.ResetsReceived > 0);
        bench.CheckEmpty();
    }

    [LabFact]
    public void Our_connections_to_the_kernel_carry_both_ways_and_half_close()
    {
        using var bench = new KernelBench(new LinkConditions { Delay = 1_000, Loss = 0.005 });
        using var server = bench.Kernel.Serve(UploadPort, DownloadPort);
        foreach (bool ipv6 in new[] { false, true })
        {
            const int Length = 2 << 20;
            byte[] expected = KernelPeer.DigestOf(Length);
            var upload = new Upload(Length);
            var download = new Download(Length);
            bench.Host.Connect(upload, UploadPort, ipv6);
            bench.Host.Connect(download, DownloadPort, ipv6);
            Assert.Equal(CloseReason.Finished, KernelBench.Within(60, upload.Closed));
            Assert.Equal(CloseReason.Finished, KernelBench.Within(60, download.Closed));
            Assert.Equal(expected, upload.Digest);
            Assert.Equal(expected, download.Digest);
        }

        var refused = new Upload(10);
        bench.Host.Connect(refused, 6_999);
        Assert.Equal(CloseReason.Refused, KernelBench.Within(10, refused.Closed));
        bench.CheckEmpty();
    }

    [LabFact]
    public void Kernels_without_options_and_with_other_controllers_are_understood()
    {
        string[][] settings =
        [
            ["net.ipv4.tcp_sack=0"],
            ["net.ipv4.tcp_timestamps=0"],
            ["net.ipv4.tcp_window_scaling=0"],
            ["net.ipv4.tcp_sack=0", "net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_window_scaling=0"],
            ["net.ipv4.tcp_dsack=0", "net.ipv4.tcp_ecn=1"],
        ];
        Parallel.ForEach(settings, setting =>
        {
            using var bench = new KernelBench(new LinkConditions { Delay = 2_000, Loss = 0.01 }, setting);
            bench.RoundTrip(Ours4, 500_000);
            bench.CheckEmpty();
        });
        Parallel.ForEach(["reno", "bbr"], congestion =>
        {
            using var bench = new KernelBench(new LinkConditions { Delay = 2_000, Loss = 0.01 }, congestion: congestion);
            bench.RoundTrip(Ours4, 500_000);
            bench.CheckEmpty();
        });
        Parallel.ForEach([576, 1_280], mtu =>
        {
            using var bench = new KernelBench(new LinkConditions { Delay = 1_000, Loss = 0.005 }, mtu: mtu);
            bench.RoundTrip(Ours4, 500_000);
            bench.CheckEmpty();
        });
    }
}
