using System.IO.Compression;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary><c>keyhole diagnose</c> where things work and where they do not. Drawing: <see cref="World"/>.</summary>
[SideBySide]
public sealed class DiagnoseTests
{
    [LabFact("setpriv", "nft")]
    public void What_works_is_said_to_work_and_what_does_not_is_named_with_its_fix()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        string bundle = Path.Combine(network.DataOf("laptop"), "bundle.zip");
        var findings = Diagnose(network, world.Phone, 0, "--bundle", bundle);
        Assert.Equal("fine", findings["client"]);
        Assert.Equal("fine", findings["control"]);
        Assert.Equal("fine", findings["clock"]);
        Assert.Equal("fine", findings["udp"]);
        Assert.Equal("fine", findings["mtu"]);
        Assert.Equal("limited", findings["tcp443"]);

        // For other eyes: findings, status and log are in it, and nothing of the data directory.
        string secret = File.ReadAllText(Path.Combine(network.DataOf("laptop"), "secret")).Trim();
        using (var archive = ZipFile.OpenRead(bundle))
        {
            Assert.Subset(archive.Entries.Select(entry => entry.FullName).ToHashSet(), new HashSet<string> { "findings.json", "status.json", "log.txt", "system.txt" });
            foreach (var entry in archive.Entries)
            {
                using var reader = new StreamReader(entry.Open());
                Assert.DoesNotContain(secret, reader.ReadToEnd(), StringComparison.Ordinal);
            }
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(bundle));

        network.StopMachine("laptop");
        network.Until("the client is gone", TimeSpan.FromSeconds(10), () => network.MachineStatus("laptop") is null);
        findings = Diagnose(network, world.Phone, 1, "--endpoint", $"http://{World.RelayAddress}:8081");
        Assert.Equal("failed", findings["client"]);
        Assert.Equal("failed", findings["control"]);
        Assert.Equal("unknown", findings["udp"]);
    }

    private static Dictionary<string, string> Diagnose(Network network, NetworkNamespace host, int expected, params string[] arguments)
    {
        var (status, output, error) = LabProcess.Execute("ip", ["netns", "exec", host.Name, Programs.Client, "diagnose", "--data", network.DataOf("laptop"), "--json", .. arguments]);
        Assert.True(status == expected, $"status {status}\n{error}{output}");
        using var found = JsonDocument.Parse(output);
        return found.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(finding => finding.GetProperty("subject").GetString()!, finding => finding.GetProperty("verdict").GetString()!);
    }
}
