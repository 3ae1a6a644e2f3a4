using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>What <c>keyhole up</c> says where it gets no interface. Drawing: <see cref="World"/>.</summary>
[SideBySide]
public class UpRefusedTests
{
    [LabFact]
    public void A_name_that_is_taken_asks_for_another_name_and_not_for_rights()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        string secret = Path.Combine(network.DataOf("laptop"), "secret");
        foreach (string name in new[] { "keyhole0", "eth0" })
        {
            var (status, _, error) = network.RunKeyhole(world.Phone, "second", ["up", "--endpoint", "http://127.0.0.1:1", "--id", "second", "--secret-file", secret, "--interface", name]);
            Assert.Equal(1, status);
            Assert.Contains("--interface NAME", error, StringComparison.Ordinal);
            Assert.DoesNotContain("as root", error, StringComparison.Ordinal);
        }
    }
}
