using Keyhole.Lab;
using Keyhole.Packets;

namespace Keyhole.Net.Tests;

/// <summary>Ping without root: one host and its loopback.</summary>
public class EchoSocketTests
{
    [LabFact]
    public void An_echo_is_answered_over_both_families_by_both_backends()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        host.Sysctl("net.ipv4.ping_group_range", "0 2147483647");
        foreach (var backend in new[] { NetBackend.Linux, NetBackend.Portable })
        {
            foreach (string address in new[] { "127.0.0.1", "::1" })
            {
                using var loop = EventLoop.Open(backend);
                var socket = host.Enter(() => loop.TryOpenEcho(IpAddress.Parse(address), out var opened, out var fault)
                    ? opened
                    : throw new InvalidOperationException($"{backend} {address}: {fault}"));
                using var watched = new Watched(loop, socket, Readiness.Read);
                bool ipv6 = address.Contains(':', StringComparison.Ordinal);
                byte[] request = [ipv6 ? (byte)128 : (byte)8, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3];
                Assert.Equal(request.Length, socket.Send(request, out _));
                watched.Await(Readiness.Read);

                var reply = new byte[64];
                Assert.Equal(request.Length, socket.Receive(reply, out _));
                Assert.Equal(ipv6 ? 129 : 0, reply[0]);
                Assert.Equal(socket.Local.Port, reply[4] << 8 | reply[5]);
                Assert.Equal(new byte[] { 0, 7, 1, 2, 3 }, reply[6..11]);
            }
        }
    }

    [LabFact]
    public void Outside_the_group_range_it_is_denied_not_thrown()
    {
        using var topology = new Topology();
        var host = topology.Host("host");
        host.Sysctl("net.ipv4.ping_group_range", "1 0");
        foreach (var backend in new[] { NetBackend.Linux, NetBackend.Portable })
        {
            using var loop = EventLoop.Open(backend);
            var fault = host.Enter(() => loop.TryOpenEcho(IpAddress.Parse("127.0.0.1"), out _, out var refused) ? SocketFault.None : refused);
            Assert.Equal(SocketFaultKind.AccessDenied, fault.Kind);
        }
    }
}
