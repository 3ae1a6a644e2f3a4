using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>
/// A network with two relays: connectors are registered at both, a client uses one and moves to the other when it is lost. Drawing: <see cref="World"/>;
/// the second relay runs on the internet's own host, 203.0.113.1.
/// </summary>
public class TwoRelaysTests(ITestOutputHelper output)
{
    private const string Web = "192.168.1.20";
    private const string SecondAddress = "203.0.113.1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

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
        network.Until("everybody is registered at both", Patience, () => Live(network.MachineStatus("laptop")) == 2 && Live(network.ConnectorStatus("office-1")) == 2);

        using var flow = Services.Connect(world.Phone, Web, 8000, TimeSpan.FromSeconds(5));
        flow.Send("echo\n"u8);
        using var beat = new Heartbeat(flow);
        using var moved = new ManualResetEventSlim();
        var transfers = Task.Run(() => Transfer(world, moved));
        Thread.Sleep(1000);
        string used = RelayOf(network);
        (used == "vps" ? network.Relay : second).Kill();
        network.Until("the other relay is used", Patience, () => RelayOf(network) != used, () => RelayOf(network));
        network.Until("the open flow goes on", Patience, () => beat.Age < TimeSpan.FromMilliseconds(500), () => $"{beat.Age}");
        output.WriteLine($"longest silence of the open flow: {beat.LongestGap.TotalMilliseconds:F0} ms");
        Assert.False(beat.Ended);
        moved.Set();
        Assert.True(transfers.Wait(TimeSpan.FromMinutes(3)), "the transfers end");
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

    private static string RelayOf(Network network) =>
        network.MachineStatus("laptop")?.GetProperty("sites")[0].GetProperty("connectors")[0].GetProperty("relay").GetString() ?? "";
}
