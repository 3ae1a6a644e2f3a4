using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary><c>keyhole down</c> tells how the machine was left. Drawing: <see cref="World"/>.</summary>
[SideBySide]
public class DownTests
{
    private const string Before = "nameserver " + World.RelayAddress + "\n";

    [LabFact("getent")]
    [Trait("Promise", "A1"), Trait("Threat", "26")]
    public void Down_fails_when_the_resolver_was_not_put_back_and_tries_again_the_next_time()
    {
        using var world = new World();
        File.WriteAllText(world.Phone.ResolvConf, Before);
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        network.Until("the resolver asks the client", () => File.ReadAllText(world.Phone.ResolvConf) != Before);

        // What was there is not to be read any more.
        string record = Path.Combine(network.DataOf("laptop"), "restore.json");
        string kept = File.ReadAllText(record);
        File.WriteAllText(record, "{}");
        var (status, _, error) = network.RunKeyhole(world.Phone, "laptop", ["down"]);
        Assert.Equal(1, status);
        Assert.Contains("restore.json", error, StringComparison.Ordinal);
        Assert.Equal(0, network.Machines["laptop"].WaitForExit(Network.Patience));
        Assert.Contains(network.Machines["laptop"].Lines(), line => line.Contains("keyhole repair", StringComparison.Ordinal));
        Assert.NotEqual(Before, File.ReadAllText(world.Phone.ResolvConf));

        File.WriteAllText(record, kept);
        Assert.Equal(0, network.RunKeyhole(world.Phone, "laptop", ["down"]).Status);
        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));
        Assert.Equal(1, network.RunKeyhole(world.Phone, "laptop", ["down"]).Status);
    }
}
