using Keyhole.Connector;
using Keyhole.Contracts;
using Keyhole.Cryptography;
using Keyhole.Lab;
using Keyhole.Net;
using Keyhole.NetStack;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Perf;

/// <summary>
/// The connector's data path in this process, with a stock node in the place of its relay: what the connector costs when nothing lies between. The shipped
/// connector has no such mode; loop, sessions, TCP stack and pumps are the shipped ones.
/// </summary>
internal sealed class DirectSite : IDisposable
{
    internal const string ClientAddress = "100.64.7.2";
    internal const string ServerAddress = "100.64.7.20";

    private const int Client = 1;
    private const int Self = 2;
    private const int Mtu = 1420;

    private readonly DataPath _data;

    /// <param name="key">The site's own; it stays the caller's.</param>
    /// <param name="node">The stock node's public key.</param>
    /// <param name="endpoint">Where the stock node listens.</param>
    internal DirectSite(NetworkNamespace host, PrivateKey key, string node, string endpoint)
    {
        _data = host.Enter(() =>
        {
            var data = new DataPath(
                output => new ConnectorState(new ConnectorOptions
                {
                    PrivateKey = key,
                    RandomSource = RandomSource.System,
                    TimestampAtZero = Tai64n.FromUnixMicroseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000 - MonotonicClock.Now),
                    Output = output,
                    Slots = output,
                    GatewayMtu = Mtu,
                }),
                (loop, state) => new SiteFlows(loop, state, Options()));
            // Threads inherit the namespace of their creator: the targets are dialled inside it.
            data.Start();
            return data;
        });
        var table = new Table
        {
            Revision = 1,
            Organisation = "bench",
            Overlay = ["100.64.0.0/10"],
            Relays = [new RelayRow(1, "stock node", node, [endpoint], Gateway: true)],
            Sites = [new SiteRow(1, "office")],
            Peers =
            [
                new PeerRow(Client, PeerKind.ExternalClient, "phone", node, null, [ClientAddress], null, Stock: true, Draining: false),
                new PeerRow(Self, PeerKind.Connector, "office-1", key.PublicKey.ToString(), null, [], 1, Stock: false, Draining: false),
            ],
            Resources = [new ResourceRow(1, 1, "web", FlowGround.Server, [$"{ServerAddress}/32"], null, [new PortRange(1, 65535)], [], Icmp: true)],
            Grants = [new GrantRow(Client, [1], [])],
        };
        _data.InvokeAsync(now =>
        {
            _data.State.Apply(ConnectorRoster.Compile(table, Self), now);
            return _data.Site.Apply(AccessRules.Compile(table), now);
        }).Wait();
    }

    /// <summary>Processor time of the data thread.</summary>
    internal static long Time() => ProcessorTime.Of(Environment.ProcessId, "data");

    public void Dispose()
    {
        _data.StopAsync().Wait();
        _data.Dispose();
    }

    private static SiteFlowsOptions Options()
    {
        byte[] secret = new byte[48];
        RandomSource.System.Fill(secret);
        var limits = new DatagramLimits { HashKey = 1, Mtu = Mtu };
        return new SiteFlowsOptions
        {
            Tcp = new StackOptions { Secret = secret.AsMemory(0, 32), Mtu = Mtu },
            Udp = limits,
            Echo = limits with { HashKey = 2 },
        };
    }
}
