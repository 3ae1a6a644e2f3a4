using System.Text;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>Every kind of client network against every kind of site network: traffic flows in all of them, on the best path that both allow.</summary>
[SideBySide]
public sealed class NatGridTests(ITestOutputHelper output)
{
    private const int Port = 8000;
    private const int Bytes = 200_000;

    /// <summary>An introduction that both sides missed comes again after 1, 2, 4, 8, 16 and 30 s.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(4);

    [LabFact("setpriv", "nft")]
    [Trait("Promise", "A9")]
    [Trait("Promise", "A11")]
    public void Every_client_reaches_every_site_by_the_best_path_that_both_networks_allow()
    {
        using var world = new NatWorld(NatWorld.Kinds, NatWorld.Kinds);
        var neighbour = world.AddNeighbour(Nat.PortRestricted);
        using var network = new Network(world, Describe(), new() { ["KEYHOLE_TLS_LISTEN"] = "[::]:443" }, both: true);
        foreach (var nat in NatWorld.Kinds)
            world.Topology.Own(Services.Tcp(world.Servers[nat], NatWorld.Server(nat), Port));
        network.StartRelay();
        network.OnIpv6Only.UnionWith([Machine(Nat.Ipv6Only), Connector(Nat.Ipv6Only)]);
        foreach (var nat in NatWorld.Kinds)
            network.StartConnector(world.Sites[nat], Connector(nat));
        foreach (var nat in NatWorld.Kinds)
            network.StartMachine(world.Clients[nat], Machine(nat));
        network.StartMachine(neighbour, "neighbour");

        // Traffic first: whatever the path, every cell carries it from the first packet on.
        foreach (var client in NatWorld.Kinds)
        {
            foreach (var site in NatWorld.Kinds)
                Transfer(world, world.Clients[client], site);
        }

        Transfer(world, neighbour, Nat.PortRestricted);
        string expected = Matrix((client, site) => Expected(client, site));
        network.Until($"every cell is on its path:\n{expected}", Settling, () => Matrix((client, site) => Path(network, Machine(client), site)) == expected,
            () => Matrix((client, site) => Path(network, Machine(client), site)));
        network.Until("a client beside the connector reaches it without leaving the network", Settling, () => Path(network, "neighbour", Nat.PortRestricted) == "local",
            () => Path(network, "neighbour", Nat.PortRestricted));
        output.WriteLine(expected);

        // And on the path that was found.
        foreach (var client in NatWorld.Kinds)
        {
            foreach (var site in NatWorld.Kinds)
                Transfer(world, world.Clients[client], site);
        }

        Transfer(world, neighbour, Nat.PortRestricted);
        network.Until($"every cell is still or again on its path:\n{expected}", Settling, () => Matrix((client, site) => Path(network, Machine(client), site)) == expected,
            () => Matrix((client, site) => Path(network, Machine(client), site)));
    }

    /// <summary>What two NATs allow when both sides write at the same time: see docs/protocol.md, rules 15 to 19.</summary>
    private static string Expected(Nat client, Nat site)
    {
        if (client == Nat.UdpBlocked || site == Nat.UdpBlocked)
            return "relayed";
        bool isClient6 = client is Nat.Ipv6Only or Nat.Open, isSite6 = site is Nat.Ipv6Only or Nat.Open;
        if (client == Nat.Ipv6Only || site == Nat.Ipv6Only)
            return isClient6 && isSite6 ? "direct" : "relayed";

        // A symmetric NAT writes from a port that nobody was told; who lets in only whom it has written to does not hear it.
        bool isClientStrict = client is Nat.PortRestricted or Nat.Double or Nat.Symmetric, isSiteStrict = site is Nat.PortRestricted or Nat.Double or Nat.Symmetric;
        if ((client == Nat.Symmetric && isSiteStrict) || (site == Nat.Symmetric && isClientStrict))
            return "relayed";
        return "direct";
    }

    private static string Path(Network network, string machine, Nat site)
    {
        if (network.MachineStatus(machine) is not { } status)
            return "no status";
        foreach (var one in status.GetProperty("sites").EnumerateArray())
        {
            if (one.GetProperty("name").GetString() == Site(site))
                return one.GetProperty("connectors")[0].GetProperty("path").GetString()!;
        }

        return "no site";
    }

    private static void Transfer(NatWorld world, NetworkNamespace client, Nat site)
    {
        Assert.True(Services.Download(client, NatWorld.Server(site), Port, Bytes, (int)site), $"{client.Label} fetches from {site}\n{world.Topology.Logs()}");
        Assert.True(Services.Upload(client, NatWorld.Server(site), Port, Bytes, (int)site), $"{client.Label} sends to {site}\n{world.Topology.Logs()}");
    }

    private static string Matrix(Func<Nat, Nat, string> cell)
    {
        var text = new StringBuilder($"{"client \\ site",-16}");
        foreach (var site in NatWorld.Kinds)
            text.Append($"{site,-16}");
        foreach (var client in NatWorld.Kinds)
        {
            text.Append($"\n{client,-16}");
            foreach (var site in NatWorld.Kinds)
                text.Append($"{cell(client, site),-16}");
        }

        return text.AppendLine().ToString();
    }

    private static string Site(Nat nat) => nat.ToString().ToLowerInvariant();

    private static string Connector(Nat nat) => $"{Site(nat)}-1";

    private static string Machine(Nat nat) => $"m-{Site(nat)}";

    private static string Describe()
    {
        var text = new StringBuilder($$"""
            version: 1
            org: acme
            relays:
              - { name: vps, endpoint: ["{{INetworkWorld.RelayAddress}}:21820", "[{{INetworkWorld.RelayAddress6}}]:21820"] }

            """);
        var machines = string.Join(", ", NatWorld.Kinds.Select(Machine).Append("neighbour"));
        text.AppendLine("sites:");
        foreach (var nat in NatWorld.Kinds)
            text.AppendLine($"  - {{ name: {Site(nat)}, connectors: [{Connector(nat)}] }}");
        text.AppendLine("resources:");
        foreach (var nat in NatWorld.Kinds)
            text.AppendLine($"  - {{ name: {Site(nat)}, site: {Site(nat)}, destination: {NatWorld.Server(nat)}, tcp: \"{Port}\" }}");
        text.AppendLine($"machines: [{string.Join(", ", NatWorld.Kinds.Select(Machine).Append("neighbour").Select(name => $"{{ name: {name} }}"))}]");
        text.AppendLine("grants:");
        foreach (var nat in NatWorld.Kinds)
            text.AppendLine($"  - {{ resource: {Site(nat)}, machines: [{machines}] }}");
        return text.ToString();
    }
}
