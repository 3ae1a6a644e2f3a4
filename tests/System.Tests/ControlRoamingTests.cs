using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>A machine moves to another network: Control's word reaches it there. Drawing: <see cref="World"/>.</summary>
[SideBySide]
public class ControlRoamingTests(ITestOutputHelper output)
{
    private const int MoveCount = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A connection that nobody told of the move needs ten seconds at least to notice that its pings are lost.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(9);

    [LabFact("setpriv")]
    [Trait("Promise", "A12")]
    public void What_is_granted_behind_a_move_is_granted_within_seconds_and_a_connection_that_stands_stays()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        world.Phone.Sysctl("net.ipv4.conf.eth0.promote_secondaries", "1");
        network.StartMachine(world.Phone, "laptop");

        // One address more or less: the connection is asked, answers, and stays. A machine that stands still for seconds may answer too late.
        bool stayed = false;
        for (int round = 0; round < 3 && !stayed; round++)
        {
            network.Until("Control is connected", Patience, () => IsConnected(network));
            int before = Losses(network);
            world.Phone.Ip("addr", round % 2 == 0 ? "add" : "del", "10.9.0.200/24", "dev", "eth0");
            Thread.Sleep(6000);
            stayed = Losses(network) == before;
        }

        Assert.True(stayed);
        var durations = new List<TimeSpan>();
        for (int move = 0; move < MoveCount && !durations.Exists(duration => duration < Limit); move++)
        {
            network.Until("Control is connected", Patience, () => IsConnected(network));
            long before = Revision(network);
            var (old, next) = move % 2 == 0 ? ("10.9.0.2/24", "10.9.0.77/24") : ("10.9.0.77/24", "10.9.0.2/24");
            world.Phone.Ip("addr", "add", next, "dev", "eth0");
            world.Phone.Ip("addr", "del", old, "dev", "eth0");
            world.Phone.Ip("route", "replace", "default", "via", "10.9.0.1");
            var moved = DateTime.UtcNow;
            network.Apply(Descriptions.Laptop(web: move % 2 != 0));
            network.Until("the new table is there", Patience, () => Revision(network) > before);
            durations.Add(DateTime.UtcNow - moved);
        }

        output.WriteLine($"from the move to the new table: {string.Join(", ", durations.Select(duration => $"{duration.TotalSeconds:F1} s"))}");
        Assert.Contains(durations, duration => duration < Limit);
    }

    private static int Losses(Network network) => network.Machines["laptop"].Lines().Count(line => line.Contains("is away", StringComparison.Ordinal));

    private static bool IsConnected(Network network) => network.MachineStatus("laptop") is { } status && status.GetProperty("control").GetProperty("connected").GetBoolean();

    /// <summary>0 where the client did not answer.</summary>
    private static long Revision(Network network) => network.MachineStatus("laptop") is { } status ? status.GetProperty("enforcedRevision").GetInt64() : 0;
}
