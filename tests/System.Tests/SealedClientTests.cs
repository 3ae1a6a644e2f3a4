using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A stock app with sessions that the relay only forwards: its configuration names the relay, which registers it, and a connector per site.</summary>
[SideBySide]
public class SealedClientTests
{
    private const string Web = "192.168.1.20";
    private const string Files = "192.168.1.21";

    [LabFact("wireguard-go", "wg", "setpriv", "ping")]
    [Trait("Promise", "C15")]
    public void A_sealed_app_reaches_what_it_was_granted_and_the_relay_opens_nothing()
    {
        using var world = new World();
        using var network = new Network(world, Describe(isSealed: true));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var files = Services.Tcp(world.OfficeServers, Files, 80);
        string configuration = network.Configuration("phone");
        using var app = network.StartApp(world.Phone, configuration);
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        long opened = Count(network, "forwarded"), blind = Count(network, "blind");
        Assert.True(Services.Download(world.Phone, Web, 80, 20_000_000, seed: 1));
        Assert.True(Services.Upload(world.Phone, Web, 80, 20_000_000, seed: 2));
        Assert.True(Services.Reaches(world.Phone, Network.Overlay(configuration, "web.acme.internal").Ipv4, 80));
        Assert.False(Services.Reaches(world.Phone, Files, 80, 1));

        // Everything passed the relay, which has no flow for it. What it opens and seals are its own sessions' pings.
        Assert.True(Count(network, "blind") - blind > 40_000_000);
        Assert.InRange(Count(network, "forwarded") - opened, 0, 1_000_000);
        Assert.Equal(0, network.WaitForRelayStatus().GetProperty("flows").GetInt32());

        // The same counters see the same app as soon as it is not sealed.
        network.Apply(Describe(isSealed: false));
        app.Configure(network.Configuration("phone").Replace("# PrivateKey was", $"PrivateKey = {WireGuardGo.Values(configuration, "PrivateKey").Single()}\n# It was", StringComparison.Ordinal));
        network.Until("the phone reaches the office through the gateway", () => Services.Reaches(world.Phone, Web, 80, 2));
        Assert.True(Services.Download(world.Phone, Web, 80, 20_000_000, seed: 3));
        Assert.True(Count(network, "forwarded") - opened > 20_000_000);
    }

    private static string Describe(bool isSealed) =>
        Descriptions.Acme().Replace("{ name: phone }", isSealed ? "{ name: phone, sealed: true }" : "{ name: phone }", StringComparison.Ordinal);

    /// <summary>Bytes.</summary>
    private static long Count(Network network, string what) => network.WaitForRelayStatus().GetProperty(what).GetProperty("bytes").GetInt64();
}
