using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Every byte arrives, in both directions, whatever happens on the way. The full gigabyte per leg with loss is a long campaign.</summary>
[SideBySide]
public class IntegrityTests
{
    private const string Web = "192.168.1.20";
    private const long Gigabyte = 1_000_000_000;

    /// <summary>Keys rotate every 5 s instead of every 120 s.</summary>
    private static readonly Dictionary<string, string> ShortTimers = new() { ["KEYHOLE_WIREGUARD_REKEY_AFTER"] = "5" };

    private static long UnderLoss => Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? Gigabyte : 30_000_000;

    /// <summary>A loss-based sender crawls here: the kernel's own TCP does, too.</summary>
    private static long UnderHeavyLoss => Environment.GetEnvironmentVariable("KEYHOLE_LONG") == "1" ? 10_000_000 : 200_000;

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void A_gigabyte_arrives_with_the_same_digest_while_keys_rotate()
    {
        using var world = new World();
        using var network = Started(world, Descriptions.Acme(), ShortTimers);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        long first = Handshake(app);
        Assert.True(Services.Download(world.Phone, Web, 80, Gigabyte, seed: 1));
        Assert.True(Services.Upload(world.Phone, Web, 80, Gigabyte, seed: 2));
        Assert.True(Handshake(app) > first, "no key was rotated during the transfers");
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void Five_percent_loss_on_either_leg_changes_no_byte()
    {
        using var world = new World();
        using var network = Started(world, Descriptions.Acme(), ShortTimers);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        foreach (var router in new[] { world.HomeRouter, world.OfficeRouter })
        {
            Firewall.Lose(router, 5);
            Assert.True(Services.Download(world.Phone, Web, 80, UnderLoss, seed: 3), $"down, loss at {router.Label}");
            Assert.True(Services.Upload(world.Phone, Web, 80, UnderLoss, seed: 4), $"up, loss at {router.Label}");
            Firewall.Lose(router, 0);
        }
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void Twenty_percent_loss_changes_no_byte()
    {
        using var world = new World();
        using var network = Started(world, Descriptions.Acme());
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        Firewall.Lose(world.OfficeRouter, 20);
        Assert.True(Services.Download(world.Phone, Web, 80, UnderHeavyLoss, seed: 5));
        Assert.True(Services.Upload(world.Phone, Web, 80, UnderHeavyLoss, seed: 6));
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void Ipv6_works_inside_and_outside()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Acme(endpoint: $"[{World.RelayAddress6}]:21820"), ipv6: true);
        network.StartRelay(ipv6: true);
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var web6 = Services.Tcp(world.OfficeServers, "fd55::20", 80);
        string configuration = network.Configuration("phone");
        Assert.Contains($"[{World.RelayAddress6}]:21820", configuration, StringComparison.Ordinal);
        using var app = network.StartApp(world.Phone, configuration);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, "fd55::20", 80, 2));
        var (overlay4, overlay6) = Network.Overlay(configuration, "web6.acme.internal");
        // Either family of the overlay reaches a target of either family.
        foreach (string address in new[] { "fd55::20", overlay4, overlay6, Network.Overlay(configuration, "web.acme.internal").Ipv6 })
        {
            Assert.True(Services.Download(world.Phone, address, 80, 50_000_000, seed: 7), address);
            Assert.True(Services.Upload(world.Phone, address, 80, 50_000_000, seed: 8), address);
        }
    }

    private static Network Started(World world, string yaml, Dictionary<string, string>? environment = null)
    {
        var network = new Network(world, yaml, environment);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }

    private static long Handshake(WireGuardGo app) => long.Parse(app.Show("latest-handshakes").Split('\t')[1]);
}
