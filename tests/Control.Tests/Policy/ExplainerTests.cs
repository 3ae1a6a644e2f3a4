namespace Keyhole.Control.Tests;

public class ExplainerTests
{
    private const string Fields = """
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "203.0.113.10:21820", gateway: true }
          - { name: vps2, endpoint: "203.0.113.11:21820" }
        sites:
          - { name: office, connectors: [office-1, office-2] }
          - { name: plant, connectors: [plant-1] }
          - { name: attic }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "80,443", icmp: true }
          - { name: lan, site: office, destination: 192.168.1.0/24, tcp: "*" }
          - { name: plc, site: plant, destination: 192.168.1.20, tcp: "502", udp: "53" }
          - { name: logs, site: attic, destination: logs.corp.example, alias: "*.logs.acme.internal", tcp: "22" }
          - { name: bulb, site: office, destination: 192.168.1.77 }
        roles: [staff]
        users:
          - { email: alice@example.com, roles: [staff] }
          - { email: bob@example.com }
        machines: [ci, backup]
        external-clients: [{ name: phone }]
        grants:
          - { resource: web, roles: [staff], machines: [ci, backup], external-clients: [phone] }
          - { resource: plc, machines: [backup] }
          - { resource: logs, machines: [ci] }
          - { resource: bulb, machines: [ci] }

        """;

    private readonly HashSet<string> _connected = ["vps", "office-1", "plant-1", "ci", "backup"];
    private NetworkState _state = Samples.Apply(NetworkState.Empty, Fields);

    public ExplainerTests()
    {
        foreach (string name in new[] { "office-1", "office-2", "plant-1", "ci", "backup", "phone" })
        {
            var peer = _state.Peers.First(peer => peer.Name == name);
            _state = Transitions.ReportKey(_state, new Agent(Names.AgentOf(peer.Kind), peer.Id), KeyOf(name))!;
        }
    }

    [Theory]
    [InlineData("machine/ci", "web.acme.internal:443")]
    [InlineData("ci", "192.168.1.20:80")]
    [InlineData("ci", "WEB")]
    [InlineData("external-client/phone", "web:443/tcp")]
    [InlineData("backup", "192.168.1.20")]
    [Trait("Promise", "O14")]
    public void What_is_granted_and_whose_way_stands_is_reached(string subject, string target)
    {
        if (subject == "backup")
            target = "plc:53/udp";
        var explained = Explain(subject, target);
        Assert.Equal((true, true, null), (explained.Allowed, explained.Reachable, explained.Reason));
        Assert.Equal([explained.Subject], explained.GrantedBy);
    }

    [Theory]
    [InlineData("alice@example.com", "lan", "lan is not granted to user alice@example.com nor to a role of theirs", "write { resource: lan, users: [alice@example.com] } under grants and apply")]
    [InlineData("bob@example.com", "web", "web is not granted to user bob@example.com nor to a role of theirs", "or give bob@example.com the role staff")]
    [InlineData("ci", "web:22", "web opens TCP 80,443, UDP none, ping yes: port 22 is not among them", "add 22 to tcp of web")]
    [InlineData("ci", "web:443/udp", "port 443 is not among them", "add 443 to udp of web")]
    [InlineData("ci", "bulb", "nothing passes", "open ports of bulb")]
    [InlineData("ci", "10.9.9.9:22", "no resource leads to 10.9.9.9", "destination: \"10.9.9.9\", tcp: \"22\"")]
    [InlineData("ci", "wbe", "no resource leads to wbe", "did you mean web?")]
    [InlineData("ci", "a.b.logs.acme.internal", "the site attic has no connector", "add one to the site attic")]
    [InlineData("backup", "192.168.1.20:80", "several granted sites have 192.168.1.20", "use web.acme.internal for web on office")]
    [Trait("Promise", "O14")]
    public void What_is_not_reached_has_its_reason_and_the_way_to_mend_it(string subject, string target, string reason, string fix)
    {
        var explained = Explain(subject, target);
        Assert.False(explained.Reachable);
        Assert.Contains(reason, explained.Reason, StringComparison.Ordinal);
        Assert.Contains(fix, explained.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_without_a_device_is_allowed_and_does_not_reach_it()
    {
        var explained = Explain("alice@example.com", "web:443");
        Assert.Equal((true, false, "user alice@example.com has no device"), (explained.Allowed, explained.Reachable, explained.Reason));
        Assert.Equal(["role staff"], explained.GrantedBy);
    }

    [Fact]
    [Trait("Promise", "O15")]
    public void What_agents_have_shown_counts_relays_gateways_connectors_and_the_client_itself()
    {
        _connected.Remove("office-1");
        Assert.StartsWith("no connector of the site office takes new flows (office-1 not connected, office-2 not connected)", Explain("ci", "web:443").Reason, StringComparison.Ordinal);
        _connected.Remove("vps");
        Assert.Equal("no relay is connected to Control (vps, vps2)", Explain("ci", "web:443").Reason);
        _connected.Add("vps2");
        Assert.Equal("no gateway is connected to Control (vps)", Explain("phone", "web:443").Reason);
        _connected.Remove("ci");
        Assert.Equal("machine ci: is not connected to Control", Explain("ci", "web:443").Reason);
    }

    [Fact]
    public void The_text_names_resource_grant_clients_and_connectors()
    {
        string text = Explain("ci", "web:443").ToText();
        Assert.Contains("machine ci → web:443: reached\n", text, StringComparison.Ordinal);
        Assert.Contains("  resource:  web on office, 192.168.1.20 (TCP 80,443, UDP none, ping yes)\n", text, StringComparison.Ordinal);
        Assert.Contains("  connector: office-2, not connected\n", text, StringComparison.Ordinal);
        Assert.Contains("  connector: office-1, connected, sessions with ci\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cii", "web", "did you mean \"ci\"?")]
    [InlineData("ci", "web:99999", "no port between 1 and 65535")]
    [InlineData("ci", "a b", "is no target")]
    public void What_is_nobody_or_no_target_is_said_so(string subject, string target, string expected) =>
        Assert.Contains(expected, Assert.Throws<OperatorException>(() => Explain(subject, target)).Message, StringComparison.Ordinal);

    private Explanation Explain(string subject, string target) => new Explainer(Samples.Compile(_state), StatusOf).Explain(subject, target);

    private AgentStatus StatusOf(Agent agent)
    {
        string name = agent.Kind == AgentKind.Relay ? _state.Relays.First(relay => relay.Id == agent.Id).Name : _state.Peers.First(peer => peer.Id == agent.Id).Name;
        var sessions = name == "office-1" ? [new SessionStatus(KeyOf("ci"), true, null, null, 0, 0)] : Array.Empty<SessionStatus>();
        return new AgentStatus(_connected.Contains(name), null, null, null, null, true, new StatusMessage(false, 0, sessions));
    }

    private static string KeyOf(string name) => Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
}
