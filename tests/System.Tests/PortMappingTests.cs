using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>A client whose router maps ports on request: what would be relayed becomes direct.</summary>
[SideBySide]
public sealed class PortMappingTests
{
    [LabFact("setpriv", "nft", "miniupnpd")]
    [Trait("Promise", "A9")]
    public void A_mapping_at_the_gateway_makes_the_path_direct_between_two_symmetric_NATs_and_is_given_back()
    {
        using var world = new NatWorld([Nat.Mapping], [Nat.Symmetric]);
        var client = world.Clients[Nat.Mapping];
        string server = NatWorld.Server(Nat.Symmetric);
        using var network = new Network(world, $$"""
            version: 1
            org: acme
            relays:
              - { name: vps, endpoint: "{{INetworkWorld.RelayAddress}}:21820" }
            sites:
              - { name: office, connectors: [office-1] }
            resources:
              - { name: web, site: office, destination: {{server}}, tcp: "8000" }
            machines: [{ name: laptop }]
            grants:
              - { resource: web, machines: [laptop] }
            """);
        using var web = Services.Tcp(world.Servers[Nat.Symmetric], server, 8000);
        network.StartRelay();
        network.StartConnector(world.Sites[Nat.Symmetric], "office-1");
        network.StartMachine(client, "laptop");
        network.Until("the path is direct", () => Path(network) == "direct", () => $"{network.MachineStatus("laptop")}");
        Assert.True(Services.Download(client, server, 8000, 5_000_000, seed: 1));
        Assert.Contains("dnat ip to", Mappings(world), StringComparison.Ordinal);

        network.StopMachine("laptop");
        network.Until("the mapping is gone", () => !Mappings(world).Contains("dnat ip to", StringComparison.Ordinal), () => Mappings(world));
    }

    private static string Path(Network network) => network.WaitForMachineStatus("laptop").GetProperty("sites")[0].GetProperty("connectors")[0].GetProperty("path").GetString()!;

    private static string Mappings(NatWorld world) => world.Router("c-Mapping").Run("nft", "list", "ruleset");
}
