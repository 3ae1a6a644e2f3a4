using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>Two clients on one machine, each with an interface, a server for names and grants of its own. Drawing: <see cref="World"/>.</summary>
[SideBySide]
public class TwoClientsTests
{
    private const string Before = "# written by hand\nnameserver " + World.RelayAddress + "\n";

    private static string Description => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "8000" }
          - { name: files, site: office, destination: 192.168.1.21, alias: files.acme.internal, tcp: "8000" }
        machines: [{ name: first }, { name: second }]
        grants:
          - { resource: web, machines: [first] }
          - { resource: files, machines: [second] }
        """;

    [LabFact("getent", "setpriv")]
    [Trait("Promise", "D4"), Trait("Promise", "D9"), Trait("Threat", "26")]
    public void The_names_of_both_are_answered_and_whoever_ends_leaves_the_others_alone()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        File.WriteAllText(world.Phone.ResolvConf, Before);
        using var network = new Network(world, Description);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, "192.168.1.20", 8000);
        using var files = Services.Tcp(world.OfficeServers, "192.168.1.21", 8000);
        network.StartMachine(world.Phone, "first");
        network.StartMachine(world.Phone, "second", new Dictionary<string, string> { ["KEYHOLE_INTERFACE"] = "keyhole1" });

        Reaches(network, world.Phone, "web.acme.internal");
        Reaches(network, world.Phone, "files.acme.internal");
        network.Until("names of the world have an address", () => Services.Resolve(world.Phone, "example.com") == "198.51.100.99");
        // Nobody writes any more: each found its place.
        network.Until("the file stays as it is", () =>
        {
            string seen = File.ReadAllText(world.Phone.ResolvConf);
            Thread.Sleep(3000);
            return File.ReadAllText(world.Phone.ResolvConf) == seen;
        });

        Assert.Equal(0, network.StopMachine("first").Status);
        network.Until("the first one's name is gone", () => Services.Resolve(world.Phone, "web.acme.internal") is null);
        Reaches(network, world.Phone, "files.acme.internal");
        network.RestartMachine(world.Phone, "first");
        Reaches(network, world.Phone, "web.acme.internal");
        Reaches(network, world.Phone, "files.acme.internal");
        network.StopMachine("second");
        Reaches(network, world.Phone, "web.acme.internal");
        network.StopMachine("first");
        network.Until("the file is as it was", () => File.ReadAllText(world.Phone.ResolvConf) == Before);
    }

    private static void Reaches(Network network, NetworkNamespace phone, string name)
    {
        string? address = null;
        network.Until($"{name} has an address", () => (address = Services.Resolve(phone, name)) is not null, () => File.ReadAllText(phone.ResolvConf));
        network.Until($"{name} is reached", () => Services.Reaches(phone, address!, 8000, 5));
    }
}
