using System.Diagnostics;
using System.Net;
using Keyhole.Lab;

namespace Keyhole.NetStack.Tests.Kernel;

/// <summary>One namespace with a kernel, and our stack behind its TUN device.</summary>
internal sealed class KernelBench : IDisposable
{
    private readonly Topology _topology = new();

    public KernelBench(LinkConditions conditions, string[]? settings = null, int mtu = 1_420, StackOptions? options = null, string congestion = "cubic")
    {
        Namespace = _topology.Host("kernel");
        Namespace.Sysctl("net.ipv4.tcp_tw_reuse", "1");
        foreach (string setting in settings ?? [])
            Namespace.Sysctl(setting.Split('=')[0], setting.Split('=')[1]);
        Host = _topology.Own(new StackHost(Namespace, conditions, options, mtu));
        Kernel = new KernelPeer(Namespace, congestion);
    }

    public NetworkNamespace Namespace { get; }

    public StackHost Host { get; }

    public KernelPeer Kernel { get; }

    public static T Within<T>(int seconds, Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(seconds)).GetAwaiter().GetResult();

    /// <summary>The kernel sends as many bytes and asks for as many; both streams are compared by their SHA-256.</summary>
    public void RoundTrip(IPAddress address, long length)
    {
        byte[] expected = KernelPeer.DigestOf(length);
        Assert.Equal(expected, Kernel.Upload(address, length));
        var (digest, received) = Kernel.Download(address, length);
        Assert.Equal(length, received);
        Assert.Equal(expected, digest);
    }

    public void Wait(Func<TcpStack, bool> holds)
    {
        for (var clock = Stopwatch.StartNew(); !Host.Ask(holds);)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), Host.Ask(stack => $"{stack.FlowCount} flows, {stack.BufferBytes} bytes"));
            Thread.Sleep(10);
        }
    }

    /// <summary>No flow and no buffer is left, and no segment was malformed.</summary>
    public void CheckEmpty()
    {
        Wait(stack => stack.FlowCount == 0 && stack.PendingCount == 0 && stack.BufferBytes == 0);
        Assert.Equal(0, Host.Ask(stack => stack.Counters.Dropped(DropReason.Checksum)));
    }

    public void Dispose() => _topology.Dispose();
}
