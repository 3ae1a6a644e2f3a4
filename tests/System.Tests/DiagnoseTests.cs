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
        // A machine that stands still for a moment has a relay that is silent for one, and says so.
        string[] subjects = ["client", "control", "clock", "udp", "mtu", "tcp443"];
        string findings = "";
        network.Until("all is well", () => (findings = Verdicts(Diagnose(network, world.Phone, "--bundle", bundle))) == "0: fine, fine, fine, fine, fine, limited", () => findings);

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
        network.Until("the client is gone", () => network.MachineStatus("laptop") is null);
        var (status, without) = Diagnose(network, world.Phone, "--endpoint", $"http://{World.RelayAddress}:8081");
        Assert.Equal((1, "failed", "failed", "unknown"), (status, without["client"], without["control"], without["udp"]));

        string Verdicts((int Status, Dictionary<string, string> Findings) diagnosis) => $"{diagnosis.Status}: {string.Join(", ", subjects.Select(subject => diagnosis.Findings[subject]))}";
    }

    /// <summary>The exit code, and the verdict on each subject.</summary>
    private static (int Status, Dictionary<string, string> Findings) Diagnose(Network network, NetworkNamespace host, params string[] arguments)
    {
        var (status, output, _) = LabProcess.Execute("ip", ["netns", "exec", host.Name, Programs.Client, "diagnose", "--data", network.DataOf("laptop"), "--json", .. arguments]);
        using var found = JsonDocument.Parse(output);
        return (status, found.RootElement.GetProperty("findings").EnumerateArray().ToDictionary(
            finding => finding.GetProperty("subject").GetString()!, finding => finding.GetProperty("verdict").GetString()!));
    }
}
