using System.Globalization;
using Keyhole.Net;

namespace Keyhole.Lab;

/// <summary>
/// A cable with delay, loss, reordering, duplication and a bottleneck, where the kernel has no netem: two TUN devices on two
/// hosts and a thread that carries packets between them through two <see cref="LinkQueue"/>s.
/// </summary>
public sealed class LinkEmulator : IDisposable
{
    private const int PacketsPerTurn = 64;

    private readonly EventLoop _loop = EventLoop.Open(NetBackend.Linux);
    private readonly Thread _thread;
    private readonly End _left;
    private readonly End _right;

    private volatile bool _stop;

    private LinkEmulator(TunDevice left, TunDevice right, LinkConditions leftToRight, LinkConditions rightToLeft)
    {
        LeftToRight = new LinkQueue(leftToRight);
        RightToLeft = new LinkQueue(rightToLeft);
        _left = new End(left, LeftToRight);
        _right = new End(right, RightToLeft);
        _thread = new Thread(Carry) { Name = "link emulator", IsBackground = true };
        _thread.Start();
    }

    public LinkQueue LeftToRight { get; }

    public LinkQueue RightToLeft { get; }

    /// <summary>Lays the cable. Each end is an interface name and its addresses in CIDR form. Dispose it before its hosts go.</summary>
    /// <param name="back">Conditions from right to left; the same as <paramref name="conditions"/> when null.</param>
    public static LinkEmulator Lay(
        NetworkNamespace left, string leftInterface, string[] leftAddresses,
        NetworkNamespace right, string rightInterface, string[] rightAddresses,
        LinkConditions conditions, LinkConditions? back = null, int mtu = 1500)
    {
        var leftDevice = OpenTun(left, leftInterface, leftAddresses, mtu);
        try
        {
            return new LinkEmulator(leftDevice, OpenTun(right, rightInterface, rightAddresses, mtu), conditions, back ?? conditions);
        }
        catch
        {
            leftDevice.Dispose();
            throw;
        }
    }

    /// <summary>A TUN device on a host, with its addresses and up: whoever reads and writes it is the other end of the cable.</summary>
    public static TunDevice OpenTun(NetworkNamespace host, string name, string[] addresses, int mtu = 1500, bool offload = false)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(addresses);
        var device = host.Enter(() => TunDevice.Open(name, offload));
        foreach (string address in addresses)
            host.Ip(address.Contains(':', StringComparison.Ordinal) ? ["addr", "add", address, "dev", name, "nodad"] : ["addr", "add", address, "dev", name]);
        host.Ip("link", "set", name, "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
        return device;
    }

    public void Dispose()
    {
        _stop = true;
        _loop.Wake();
        _thread.Join();
        _loop.Dispose();
        _left.Device.Dispose();
        _right.Device.Dispose();
    }

    private void Carry()
    {
        _loop.Add(_left.Device, Readiness.Read, _left);
        _loop.Add(_right.Device, Readiness.Read, _right);
        while (!_stop)
        {
            _loop.RunOnce(Math.Min(LeftToRight.NextDeadline, RightToLeft.NextDeadline));
            Deliver(LeftToRight, _right.Device);
            Deliver(RightToLeft, _left.Device);
        }
    }

    private static void Deliver(LinkQueue queue, TunDevice device)
    {
        // A device that is down or full loses the packet, as a cable would.
        while (queue.TryDequeue(MonotonicClock.Now, out var packet))
            device.Write(packet, out _);
    }

    private sealed class End(TunDevice device, LinkQueue queue) : IReadinessHandler
    {
        private readonly byte[] _buffer = new byte[65536];

        internal TunDevice Device => device;

        public void OnReady(Readiness readiness)
        {
            for (int i = 0; i < PacketsPerTurn; i++)
            {
                int length = device.Read(_buffer, out _);
                if (length <= 0)
                    return;
                queue.Enqueue(_buffer.AsSpan(0, length), MonotonicClock.Now);
            }
        }
    }
}
