using System.Text.Json.Nodes;
using Keyhole.Contracts;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests.Inspect;

public sealed class ExplanationTests
{
    private const int Laptop = 7;

    private static readonly Table Granted = new()
    {
        Revision = 3,
        Organisation = "acme",
        Overlay = ["100.64.0.0/10"],
        Sites = [new SiteRow(1, "office"), new SiteRow(2, "branch")],
        Peers = [new PeerRow(Laptop, PeerKind.Machine, "laptop", null, null, ["100.64.0.2", "fd00::2"], null, false, false)],
        Resources =
        [
            new ResourceRow(1, 1, "web", "192.168.1.20", ["100.96.0.1/32", "fd00:0:0:2::1/128"], "web.acme", [new PortRange(80, 80), new PortRange(8000, 8100)], [new PortRange(53, 53)], true),
            new ResourceRow(2, 2, "db\n\u001b[31m", "192.168.7.5", ["100.96.0.2/32"], "db.acme", [new PortRange(1, 65535)], [], false),
            new ResourceRow(3, 1, "lan", "10.1.0.0/24", ["100.96.1.0/24"], null, [new PortRange(22, 22)], [], false),
            new ResourceRow(4, 1, "twin", "10.9.0.1", ["100.96.2.1/32"], "twin.acme", [], [], true),
        ],
        Grants = [new GrantRow(Laptop, [1, 2, 3, 4], [4])],
    };

    private static readonly ClientView View = new(Granted, Laptop, ClientRoster.Compile(Granted, Laptop));

    [Theory]
    [Trait("Promise", "O14")]
    [InlineData("web.acme", "web", "100.96.0.1")]
    [InlineData("WEB.acme.:8080", "web", "100.96.0.1")]
    [InlineData("web.acme:53", "web", "100.96.0.1")]
    [InlineData("192.168.1.20:80", "web", "192.168.1.20")]
    [InlineData("[fd00:0:0:2::1]:80", "web", "fd00:0:0:2::1")]
    [InlineData("fd00:0:0:2::1", "web", "fd00:0:0:2::1")]
    [InlineData("10.1.0.9:22", "lan", "10.1.0.9")]
    [InlineData("100.96.1.9", "lan", "100.96.1.9")]
    [InlineData("twin.acme", "twin", "100.96.2.1")]
    public void What_is_reached_says_by_which_resource_and_connector(string target, string resource, string address)
    {
        var explained = Explanation.Of(View, target, Status());
        Assert.True((bool)explained["reachable"]!, explained.ToJsonString());
        Assert.Null(explained["reason"]);
        Assert.Equal((resource, address), ((string)explained["resource"]!["name"]!, (string)explained["address"]!));
        Assert.Equal("office-1", (string)explained["connectors"]![0]!["name"]!);
        Assert.Contains("relayed by vps, 12.3 ms", ExplainCommand.ToText(explained), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Promise", "O14"), Trait("Promise", "A1")]
    [InlineData("files.acme", "nothing of the name files.acme was granted")]
    [InlineData("192.168.1.21", "no granted resource holds 192.168.1.21")]
    [InlineData("web.acme:81", "port 81 is not granted: web opens TCP 80,8000-8100, UDP 53")]
    [InlineData("10.1.0.9:80", "port 80 is not granted: lan opens TCP 22, UDP none")]
    [InlineData("10.9.0.1", "several sites have 10.9.0.1: twin.acme is the one of office")]
    [InlineData("db.acme:5432", "no connector of the site branch answers")]
    public void What_is_not_reached_says_why(string target, string reason)
    {
        var explained = Explanation.Of(View, target, Status());
        Assert.False((bool)explained["reachable"]!);
        Assert.Contains(reason, (string)explained["reason"]!, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', ExplainCommand.ToText(explained));
    }

    [Fact]
    public void What_the_data_path_has_not_shown_is_not_claimed()
    {
        Assert.Contains("no relay answers", Reason("db.acme", Status(registered: false)), StringComparison.Ordinal);
        var status = Status();
        status["sites"]!.AsArray().Clear();
        Assert.Contains("the site office has no connector", Reason("web.acme", status), StringComparison.Ordinal);
        status = Status();
        status["routes"] = new JsonArray("100.96.0.1/32");
        Assert.Null((string?)Explanation.Of(View, "web.acme", status)["reason"]);
        Assert.Contains("no route into the tunnel", Reason("192.168.1.20", status), StringComparison.Ordinal);
        Assert.Contains("Control has not told", (string)Explanation.Of(ClientView.None, "web.acme", Status())["reason"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("web.acme:0")]
    [InlineData("web.acme:x")]
    [InlineData("web.acme:65536")]
    [InlineData("*.acme")]
    [InlineData("a:b:c:d:e:f:g:h:i")]
    public void What_is_no_target_is_an_error(string target) => Assert.NotNull(Explanation.Of(View, target, Status())["error"]);

    [Fact]
    [Trait("Threat", "37")]
    public void The_list_shows_names_addresses_and_ports_and_no_control_character()
    {
        var list = View.List(Status()["sites"]!.AsArray());
        Assert.Equal(["db.acme", "lan", "twin.acme", "web.acme"], list["resources"]!.AsArray().Select(resource => (string?)resource!["alias"] ?? (string)resource["name"]!));
        string[] lines = ListCommand.ToText(list).Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.Equal(["web.acme", "100.96.0.1", "fd00:0:0:2::1", "192.168.1.20", "80,8000-8100", "53", "yes", "office", "yes"], lines[4].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["db.acme", "100.96.0.2", "192.168.7.5", "*", "-", "-", "branch", "no"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("(10.9.0.1)", lines[3], StringComparison.Ordinal);
        Assert.Equal("Nothing is granted.\n", ListCommand.ToText(ClientView.None.List([])));
        var odd = new ClientView(Granted with { Sites = [new SiteRow(1, "a\u001b[2J\nb")] }, Laptop, ClientRoster.Compile(Granted with { Sites = [new SiteRow(1, "a\u001b[2J\nb")] }, Laptop));
        Assert.DoesNotContain('\u001b', ListCommand.ToText(odd.List([])));
        Assert.Equal(6, ListCommand.ToText(odd.List([])).Split('\n').Length);
    }

    private static string Reason(string target, JsonObject status) => (string)Explanation.Of(View, target, status)["reason"]!;

    private static JsonObject Status(bool registered = true) => new()
    {
        ["registered"] = registered,
        ["sites"] = new JsonArray(
            new JsonObject { ["name"] = "office", ["reachable"] = true, ["connectors"] = new JsonArray(Connector("office-1", session: true)) },
            new JsonObject { ["name"] = "branch", ["reachable"] = false, ["connectors"] = new JsonArray(Connector("branch-1", session: false)) }),
    };

    private static JsonObject Connector(string name, bool session) => new()
    {
        ["name"] = name, ["session"] = session, ["silent"] = false, ["path"] = "relayed", ["relay"] = "vps", ["roundTripMilliseconds"] = 12.34,
    };
}
