using System.Text.Json;
using System.Text.RegularExpressions;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// People: a user logs a machine in, and its tunnel lives as long as that login. Drawing: <see cref="World"/>; the user's machine stands where
/// the phone does, and the browser on the vps.
/// </summary>
public partial class LoginTests
{
    private const string Web = "192.168.1.20";
    private const string Url = $"http://{World.RelayAddress}:8080";
    private const string Email = "ann@acme.example";
    private const string Password = "correct horse battery";

    [LabFact("setpriv", "curl")]
    [Trait("Promise", "A4"), Trait("Promise", "A5"), Trait("Promise", "O1"), Trait("Threat", "24")]
    public void A_users_tunnel_needs_a_login_and_ends_with_it()
    {
        using var world = new World();
        using var network = new Network(world, People("acme", "web", Email));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);
        network.Apply(People("umbrella", "files", "eve@umbrella.example"));
        string jar = Path.Combine(network.ControlData, "cookies");

        // Nobody is logged in: no tunnel.
        var (status, _, error) = network.RunKeyhole(world.Phone, "ann", ["up"]);
        Assert.Equal(1, status);
        Assert.Contains("keyhole login", error, StringComparison.Ordinal);
        Assert.False(Services.Reaches(world.Phone, Web, 8000, 1));

        // The first account, by the token on the box; a wrong password opens nothing.
        string token = File.ReadAllText(Path.Combine(network.ControlData, "setup-token")).Trim();
        Assert.Equal("200", Json(world, jar, "setup", $$"""{"token":"{{token}}","email":"{{Email}}","password":"{{Password}}"}"""));
        Assert.Equal("401", Json(world, jar, "login", $$"""{"email":"{{Email}}","password":"wrong horse battery"}"""));

        // A code that nobody approved, or another one, logs nobody in.
        var login = BeginLogin(network, world, out string code);
        Assert.Equal("404", Approve(world, jar, "BBBB-BBBB"));
        Assert.False(login.HasExited);
        Assert.Equal("200", Approve(world, jar, code));
        Assert.Equal(0, login.WaitForExit(Network.Patience));
        Assert.Equal("404", Approve(world, jar, code));

        // One organisation is theirs, and no other.
        using (var organisations = JsonDocument.Parse(network.RunKeyhole(world.Phone, "ann", ["select", "org", "--json"]).Output))
            Assert.Equal("""["acme"]""", organisations.RootElement.GetProperty("organisations").GetRawText());
        Assert.Equal(1, network.RunKeyhole(world.Phone, "ann", ["select", "org", "umbrella"]).Status);

        Up(network, world);
        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        Assert.False(Services.Reaches(world.Phone, "192.168.1.21", 8000, 1));
        Assert.DoesNotContain("files", network.RunKeyhole(world.Phone, "ann", ["list", "--json"]).Output, StringComparison.Ordinal);

        // The session is ended in the browser: traffic stops, and the client says why it is gone.
        using var flow = Heartbeat.Open(world.Phone, Web, 8000);
        network.UntilEchoed("a flow is alive", flow);
        int revocations = Revocations(network).Count;
        string sessions = world.Vps.Run("curl", "-s", "-b", jar, $"{Url}/api/v1/sessions");
        using (var list = JsonDocument.Parse(sessions))
        {
            long machine = list.RootElement.GetProperty("items").EnumerateArray().Single(session => session.GetProperty("kind").GetString() == "command-line").GetProperty("id").GetInt64();
            Assert.Equal("204", Curl(world, "-b", jar, "-H", "X-Keyhole: 1", "-X", "DELETE", $"{Url}/api/v1/sessions/{machine}"));
        }

        // What is sent after the last confirmation does not come back.
        network.Until("it is enforced", () => Revocations(network).Count > revocations);
        long sent = flow.SentCount;
        var client = network.Machines["ann"];
        Assert.Equal(1, client.WaitForExit(Network.Patience));
        Assert.Contains(client.Lines(), line => line.Contains("the login is over", StringComparison.Ordinal));
        Assert.True(flow.BackCount <= sent, $"{flow.BackCount - sent} bytes that were sent after the confirmation came back");
        Assert.False(Services.Reaches(world.Phone, Web, 8000, 1));
        Assert.DoesNotContain("keyhole0", world.Phone.Run("ip", "link"), StringComparison.Ordinal);
        Assert.Equal(1, network.RunKeyhole(world.Phone, "ann", ["up"]).Status);

        // Logged in anew it is the same device; a logout takes everything down again.
        login = BeginLogin(network, world, out code);
        Assert.Equal("200", Approve(world, jar, code));
        Assert.Equal(0, login.WaitForExit(Network.Patience));
        Up(network, world);
        Assert.True(Services.Reaches(world.Phone, Web, 8000));
        Assert.Equal(0, network.RunKeyhole(world.Phone, "ann", ["logout"]).Status);
        network.Machines["ann"].WaitForExit(Network.Patience);
        Assert.False(Services.Reaches(world.Phone, Web, 8000, 1));
        Assert.False(File.Exists(Path.Combine(network.DataOf("ann"), "login.json")));

        // Both ends of the login were enforced; a machine that stood still during one of them did not during the other.
        network.Until("it is enforced", () => Revocations(network).Count > revocations + 1);
        Assert.InRange(Revocations(network).Skip(revocations).Min(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    /// <summary>How long Control measured each time until a revocation was enforced everywhere.</summary>
    private static List<TimeSpan> Revocations(Network network) =>
        [.. network.Control.Lines().Select(line => Enforced().Match(line)).Where(match => match.Success).Select(match => TimeSpan.FromMilliseconds(int.Parse(match.Groups[1].Value)))];

    [GeneratedRegex(@"is enforced everywhere after (\d+) ms")]
    private static partial Regex Enforced();

    private static void Up(Network network, World world)
    {
        network.Machines["ann"] = world.Topology.Start(world.Phone, new Dictionary<string, string>(), Programs.Client, ["up", "--data", network.DataOf("ann")]);
        network.Until("the user's machine is up", () => network.MachineStatus("ann")?.GetProperty("ready").GetBoolean() == true);
    }

    private static LabProcess BeginLogin(Network network, World world, out string code)
    {
        var login = world.Topology.Start(world.Phone, new Dictionary<string, string>(), Programs.Client, ["login", Url, "--allow-http", "--no-browser", "--data", network.DataOf("ann")]);
        code = login.WaitForLine("shows the code ([A-Z]{4}-[A-Z]{4})", Network.Patience).Groups[1].Value;
        return login;
    }

    /// <summary>What the browser does on the page of the code. Gives the status of the answer.</summary>
    private static string Approve(World world, string jar, string code) =>
        Curl(world, "-b", jar, "-H", $"Origin: {Url}", "-d", $"user_code={code}&decision=approve", $"{Url}/device");

    private static string Json(World world, string jar, string route, string body) =>
        Curl(world, "-b", jar, "-c", jar, "-H", "X-Keyhole: 1", "-H", "Content-Type: application/json", "-d", body, $"{Url}/api/v1/{route}");

    private static string Curl(World world, params string[] arguments) => world.Vps.Run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", .. arguments]).Trim();

    /// <summary>An organisation with one user and one resource for the role that it has.</summary>
    private static string People(string organisation, string resource, string user) => $$"""
        version: 1
        org: {{organisation}}
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - name: {{resource}}
            site: office
            destination: {{(resource == "web" ? Web : "192.168.1.21")}}
            alias: {{resource}}.{{organisation}}.internal
            tcp: "80,8000-8100"
            icmp: true
        roles: [staff]
        users:
          - { email: {{user}}, roles: [staff, member] }
        grants:
          - { resource: {{resource}}, roles: [staff] }
        """;
}
