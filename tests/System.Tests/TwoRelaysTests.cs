using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>
/// A network with two relays: connectors are registered at both, a client uses one and moves to the other when it is lost. Drawing: <see cref="World"/>;
/// the second relay runs on the internet's own host, 203.0.113.1.
/// </summary>
[SideBySide]
public class TwoRelaysTests(ITestOutputHelper output)
{
    private const string Web = "192.168.1.20";
    private const string SecondAddress = "203.0.113.1";
    private const int SettledLooks = 20;

    [LabFact("setpriv")]
    [Trait("Promise", "A11")]
    public void When_the_relay_in_use_is_killed_in_the_middle_of_a_transfer_the_other_one_takes_over()
    {
        using var world = new World();
        using var network = new Network(world, Description(), new Dictionary<string, string> { ["KEYHOLE_RELAY_ONLY"] = "1" });
        network.StartRelay();
        var second = network.StartRelay(world.Internet, "second", SecondAddress);
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.StartMachine(world.Phone, "laptop");
        network.Until("everybody is registered at both", () => Live(network.MachineStatus("laptop")) == 2 && Live(network.ConnectorStatus("office-1")) == 2);

        using var beat = Heartbeat.Open(world.Phone, Web, 8000);
        using var moved = new ManualResetEventSlim();
        var transfers = Task.Run(() => Transfer(world, moved));
        string used = SettledRelay(network);
        (used == "vps" ? network.Relay : second).Kill();
        string other = used == "vps" ? "second" : "vps";
        network.Until("the other relay is used", () => RelayOf(network) == other, () => $"{RelayOf(network)}");
        network.UntilEchoed("the open flow goes on", beat);
        output.WriteLine($"longest silence of the open flow: {beat.LongestGap.TotalMilliseconds:F0} ms");
        moved.Set();
        Assert.True(transfers.Wait(TimeSpan.FromMinutes(10)), "the transfers end");
        Assert.True(transfers.Result, "with the right digests");
    }

    /// <summary>One after the other, so that there is one at the moment of the move however fast the machine is, and a whole one afterwards.</summary>
    private static bool Transfer(World world, ManualResetEventSlim moved)
    {
        bool isLast;
        do
        {
            isLast = moved.IsSet;
            if (!Services.Download(world.Phone, Web, 8000, 20_000_000, seed: 1))
                return false;
        }
        while (!isLast);
        return true;
    }

    private static string Description() => Descriptions.Laptop().Replace(
        "sites:", $"  - {{ name: second, endpoint: \"{SecondAddress}:21820\" }}\nsites:", StringComparison.Ordinal);

    private static int Live(JsonElement? status) =>
        status is { } known && known.TryGetProperty("relays", out var relays) ? relays.EnumerateArray().Count(relay => relay.GetProperty("state").GetString() == "live") : 0;

    /// <summary>The choice may still move to the nearer relay when the first round trips are known: it stands once it was the same in many looks.</summary>
    private static string SettledRelay(Network network)
    {
        string? last = null;
        int looks = 0;
        network.Until("one relay stays in use", () =>
        {
            string? now = RelayOf(network);
            (looks, last) = (now is not null && now == last ? looks + 1 : 0, now);
            return looks == SettledLooks;
        });
        return last!;
    }

    private static string? RelayOf(Network network) =>
        network.MachineStatus("laptop")?.GetProperty("sites")[0].GetProperty("connectors")[0].GetProperty("relay").GetString();
}
