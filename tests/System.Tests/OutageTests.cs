using System.Text.Json;
using Keyhole.Lab;
using Xunit.Abstractions;

namespace Keyhole.System.Tests;

/// <summary>What goes on, and how soon, when a program is killed.</summary>
public class OutageTests(ITestOutputHelper output)
{
    private const string Web = "192.168.1.20";
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void Existing_and_new_flows_go_on_without_Control_also_through_restarts_of_the_agents()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        using var beat = Heartbeat.Open(world.Phone, Web, 80);

        network.Control.Kill();
        network.Until("relay and connector miss Control", () => !IsControlled(network.RelayStatus()) && !IsControlled(network.ConnectorStatus("office-1")));
        network.UntilEchoed("the open flow goes on", beat);
        Assert.True(Services.Reaches(world.Phone, Web, 80), "a new flow works");

        network.Relay.Kill();
        network.Connectors["office-1"].Kill();
        network.RestartRelay();
        network.RestartConnector(world.Office, "office-1");
        network.Until("agents that restarted without Control work from their last table", () => Services.Reaches(world.Phone, Web, 80, 0.5));

        network.StartControl();
        network.Apply(Descriptions.Acme(web: false));
        network.Until("the agents found Control again and heard of the revocation", () => !Services.Reaches(world.Phone, Web, 80, 0.5));
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void A_killed_connector_works_again_within_five_seconds_of_its_restart()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        var recovery = BestOfThree.Within(Recovery, "the connector is back", () =>
        {
            network.Connectors["office-1"].Kill();
            Assert.False(Services.Reaches(world.Phone, Web, 80, 1));
            network.RestartConnector(world.Office, "office-1");
            return network.Until("the connector is back", () => Services.Reaches(world.Phone, Web, 80, 0.5));
        });
        output.WriteLine($"reached {recovery.TotalMilliseconds:F0} ms after the restart");
    }

    /// <summary>The relay tells the machine that the connector has started anew.</summary>
    [LabFact("setpriv")]
    public void A_machine_reaches_a_killed_connector_again_after_its_restart()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        network.StartMachine(world.Phone, "laptop");
        network.Until("the machine reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        network.Connectors["office-1"].Kill();
        network.RestartConnector(world.Office, "office-1");
        var program = network.Until("the connector is registered", () => network.ConnectorStatus("office-1")?.GetProperty("registered").GetBoolean() == true);
        var session = network.Until("the machine reaches it", () => Services.Reaches(world.Phone, Web, 80, 0.5));
        output.WriteLine($"registered {program.TotalMilliseconds:F0} ms after its start; reached {session.TotalMilliseconds:F0} ms later");
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void A_killed_relay_works_again_within_five_seconds_of_its_restart_and_open_flows_go_on()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        using var beat = Heartbeat.Open(world.Phone, Web, 80);
        var recovery = BestOfThree.Within(Recovery, "the relay is back", () =>
        {
            network.UntilEchoed("the open flow is alive before", beat);
            network.Relay.Kill();
            Thread.Sleep(1000);
            network.RestartRelay();
            return network.Until("the relay is back", () => Services.Reaches(world.Phone, Web, 80, 0.5));
        });
        output.WriteLine($"reached {recovery.TotalMilliseconds:F0} ms after the restart");

        // When TCP tries again, after a second or several, is not for the relay to say.
        network.UntilEchoed("the open flow goes on", beat);
    }

    [LabFact("wireguard-go", "wg", "setpriv")]
    public void A_phone_that_moves_to_another_network_keeps_its_flow()
    {
        using var world = new World();
        using var network = Started(world);
        using var web = Services.Tcp(world.OfficeServers, Web, 80);
        using var app = network.StartApp(world.Phone, network.Configuration("phone"));
        network.Until("the phone reaches the office", () => Services.Reaches(world.Phone, Web, 80, 2));
        using var beat = Heartbeat.Open(world.Phone, Web, 80);
        network.UntilEchoed("bytes come back before", beat);
        string? before = PhoneAt(network);
        Firewall.Remap(world.HomeRouter, "out0");

        // After the router's silence TCP waits some seconds before it tries again.
        network.UntilEchoed("the flow goes on", beat);
        network.Until("it comes from the new address", () => PhoneAt(network) is { } now && now != before);
    }

    private static bool IsControlled(JsonElement? status) => status?.GetProperty("control").GetProperty("connected").GetBoolean() != false;

    private static string? PhoneAt(Network network) => network.WaitForRelayStatus().GetProperty("sessions").EnumerateArray()
        .First(session => session.GetProperty("name").GetString() == "phone").GetProperty("endpoint").GetString();

    private static Network Started(World world)
    {
        var network = new Network(world, Descriptions.Acme());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        return network;
    }
}
