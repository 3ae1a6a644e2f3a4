using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// A machine runs <c>keyhole up</c> and asks for names as every program does, through resolv.conf. Drawing: <see cref="World"/>; the server that the machine asked
/// before stands on the VPS, and each site has one of its own.
/// </summary>
[SideBySide]
public class NameTests
{
    private const string Web = "192.168.1.20";
    private const string Before = "# written by hand\nsearch home.lan\nnameserver " + World.RelayAddress + "\noptions timeout:2\n";
    private const string After = "nameserver 203.0.113.10\n# by another program\n";

    [LabFact("getent", "setpriv")]
    [Trait("Promise", "A1"), Trait("Promise", "D2"), Trait("Promise", "D9"), Trait("Threat", "25")]
    public void Granted_names_lead_to_the_site_and_all_others_go_where_they_went_before()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        File.WriteAllText(world.Phone.ResolvConf, Before);
        using var network = new Network(world, Description(web: false, apps: false));
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var web = Services.Tcp(world.OfficeServers, Web, 8000);

        // Nothing is granted: no names, and nothing was touched.
        network.StartMachine(world.Phone, "laptop", isGranted: false);
        Assert.Null(Services.Resolve(world.Phone, "web.acme.internal"));
        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));
        Assert.Equal("198.51.100.99", Found(network, world.Phone, "example.com"));

        network.Apply(Description());
        string address = Found(network, world.Phone, "web.acme.internal");
        Assert.StartsWith("100.96.", address, StringComparison.Ordinal);
        Assert.True(Services.Reaches(world.Phone, address, 8000));
        Assert.Equal(address, Found(network, world.Phone, "WEB.Acme.Internal"));
        network.Until("the address has the name", () => IsNamed(world.Phone, address, "web.acme.internal"));
        Assert.StartsWith("100.96.", Found(network, world.Phone, "one.two.apps.acme.internal"), StringComparison.Ordinal);

        // "files" exists and was not granted: it looks like a name that does not exist, and both are asked for where they were before.
        while (public0.Asked.TryDequeue(out _))
        {
        }

        Assert.Null(Services.Resolve(world.Phone, "files.acme.internal"));
        Assert.Null(Services.Resolve(world.Phone, "nothing.acme.internal"));
        Assert.Equal("198.51.100.99", Found(network, world.Phone, "example.com"));
        network.Until("both were asked for", () => public0.Asked.Contains("files.acme.internal") && public0.Asked.Contains("nothing.acme.internal"));
        Found(network, world.Phone, "web.acme.internal");
        Assert.DoesNotContain("web.acme.internal", public0.Asked);
        var dns = network.WaitForMachineStatus("laptop").GetProperty("dns");
        Assert.Equal("file", dns.GetProperty("resolver").GetString());
        Assert.Equal(["*.apps.acme.internal", "web.acme.internal"], dns.GetProperty("names").EnumerateArray().Select(name => name.GetString()));
        Assert.True(dns.GetProperty("answered").GetInt64() > 0);

        // Revoked: the name is gone.
        network.Apply(Description(web: false));
        network.Until("web.acme.internal is gone", () => Services.Resolve(world.Phone, "web.acme.internal") is null);
        Found(network, world.Phone, "x.apps.acme.internal");

        // When "down" is done, so is what it undoes.
        Assert.Equal(0, network.StopMachine("laptop").Status);
        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));
    }

    [LabFact("getent", "setpriv")]
    [Trait("Threat", "26")]
    public void Killed_with_kill_9_names_still_resolve_and_repair_puts_back_every_byte()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        File.WriteAllText(world.Phone.ResolvConf, Before);
        using var network = new Network(world, Description());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        string routes = Routes(world.Phone);

        StartWithNames();
        network.Machines["laptop"].Kill();
        Assert.NotEqual(Before, File.ReadAllText(world.Phone.ResolvConf));
        Assert.Equal("198.51.100.99", Found(network, world.Phone, "example.com"));
        using (var repaired = JsonDocument.Parse(Keyhole("repair", "--json").Output))
        {
            Assert.True(repaired.RootElement.GetProperty("repaired").GetBoolean());
            Assert.Equal("file", repaired.RootElement.GetProperty("dns").GetString());
        }

        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));
        network.Until("the routes are as before", () => Routes(world.Phone) == routes);
        using (var again = JsonDocument.Parse(Keyhole("repair", "--json").Output))
            Assert.False(again.RootElement.GetProperty("repaired").GetBoolean());
        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));

        // The next "down" and the next "up" do the same.
        StartWithNames();
        network.Machines["laptop"].Kill();
        Assert.Equal(0, Keyhole("down").Status);
        Assert.Equal(Before, File.ReadAllText(world.Phone.ResolvConf));
        Assert.Equal(1, Keyhole("down").Status);

        StartWithNames();
        network.Machines["laptop"].Kill();
        network.Apply(Description(web: false, apps: false));
        network.RestartMachine(world.Phone, "laptop", isGranted: false);
        network.Until("the next 'up' has undone it", () => File.ReadAllText(world.Phone.ResolvConf) == Before);

        // A client that runs is not repaired away.
        var (status, _, error) = Keyhole("repair");
        Assert.Equal(1, status);
        Assert.Contains("in use", error, StringComparison.Ordinal);

        void StartWithNames()
        {
            if (network.Machines.ContainsKey("laptop"))
                network.RestartMachine(world.Phone, "laptop");
            else
                network.StartMachine(world.Phone, "laptop");
            network.Until("web.acme.internal has an address", () => Services.Resolve(world.Phone, "web.acme.internal") is not null);
        }

        (int Status, string Output, string Error) Keyhole(string command, params string[] more) => network.RunKeyhole(world.Phone, "laptop", [command, .. more]);
    }

    [LabFact("getent", "setpriv")]
    [Trait("Threat", "26")]
    public void What_another_program_writes_meanwhile_is_followed_and_kept()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        File.WriteAllText(world.Phone.ResolvConf, "nameserver 198.51.100.250\noptions timeout:1\n");
        using var network = new Network(world, Description());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartMachine(world.Phone, "laptop");
        network.Until("web.acme.internal has an address", () => Services.Resolve(world.Phone, "web.acme.internal") is not null);

        // A lease of another network: the server there is asked from now on, and granted names still lead to the site.
        File.WriteAllText(world.Phone.ResolvConf, After);
        network.Until("the new server is asked", () => Services.Resolve(world.Phone, "example.com") == "198.51.100.99" && File.ReadAllText(world.Phone.ResolvConf) != After);
        network.Until("web.acme.internal has an address again", () => Services.Resolve(world.Phone, "web.acme.internal") is not null);

        network.StopMachine("laptop");
        network.Until("the file is as the other program wrote it", () => File.ReadAllText(world.Phone.ResolvConf) == After);
    }

    [LabFact("getent", "setpriv")]
    [Trait("Promise", "D5")]
    public void A_name_behind_a_resource_is_resolved_at_its_site()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        using var office = new NameAuthority(world.OfficeServers, Web);
        using var branch = new NameAuthority(world.BranchServers, Web);
        office.Addresses["intra.lan"] = Web;
        branch.Addresses["intra.lan"] = Web;
        File.WriteAllText(world.Phone.ResolvConf, Before);
        File.WriteAllText(world.Office.ResolvConf, $"nameserver {Web}\n");
        File.WriteAllText(world.Branch.ResolvConf, $"nameserver {Web}\n");
        using var network = new Network(world, TwoSites);
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        network.StartConnector(world.Branch, "branch-1");
        using var officeWeb = Services.Tcp(world.OfficeServers, Web, 8001);
        using var officeOther = Services.Tcp(world.OfficeServers, "192.168.1.21", 8002);
        using var branchWeb = Services.Tcp(world.BranchServers, Web, 8003);
        network.StartMachine(world.Phone, "laptop");
        string inOffice = Found(network, world.Phone, "intra.office");
        string inBranch = Found(network, world.Phone, "intra.branch");
        Assert.NotEqual(inOffice, inBranch);

        // The same name, and each site answers it for itself.
        network.Until("each site's own service answers", () => Services.Reaches(world.Phone, inOffice, 8001, 2) && Services.Reaches(world.Phone, inBranch, 8003, 2));
        Assert.False(Services.Reaches(world.Phone, inOffice, 8003, 1));
        Assert.Contains("intra.lan", office.Asked);
        Assert.Contains("intra.lan", branch.Asked);
        Assert.DoesNotContain("intra.lan", public0.Asked);

        // A change at the site takes effect without anybody being told.
        office.Addresses["intra.lan"] = "192.168.1.21";
        network.Until("the name leads to the new address", () => Services.Reaches(world.Phone, inOffice, 8002, 2));
        Assert.Equal(inOffice, Found(network, world.Phone, "intra.office"));
    }

    [ResolvedFact]
    [Trait("Promise", "D9"), Trait("Threat", "26")]
    public void Systemd_resolved_asks_here_for_granted_names_and_elsewhere_for_the_others()
    {
        using var world = new World();
        using var public0 = new NameAuthority(world.Vps, World.RelayAddress);
        public0.Addresses["example.com"] = "198.51.100.99";
        File.WriteAllText(world.Phone.ResolvConf, "nameserver 127.0.0.53\n");
        using var network = new Network(world, Description());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var resolved = new SystemdResolved(world.Topology, world.Phone, World.RelayAddress);
        network.Until("resolved answers", () => Services.Resolve(world.Phone, "example.com") == "198.51.100.99");

        network.StartMachine(world.Phone, "laptop", resolved.Environment);
        string address = Found(network, world.Phone, "web.acme.internal");
        Assert.StartsWith("100.96.", Found(network, world.Phone, "x.apps.acme.internal"), StringComparison.Ordinal);
        network.Until("the address has the name", () => IsNamed(world.Phone, address, "web.acme.internal"));
        while (public0.Asked.TryDequeue(out _))
        {
        }

        // It leaves aside for a moment a server that was slow once.
        Found(network, world.Phone, "other.apps.acme.internal");
        public0.Addresses["www.example.com"] = "198.51.100.98";
        Assert.Equal("198.51.100.98", Found(network, world.Phone, "www.example.com"));
        Assert.Contains("www.example.com", public0.Asked);
        Assert.DoesNotContain("other.apps.acme.internal", public0.Asked);
        Assert.Equal("resolved", network.WaitForMachineStatus("laptop").GetProperty("dns").GetProperty("resolver").GetString());

        network.Apply(Description(web: false));
        network.Until("web.acme.internal is gone", () => Services.Resolve(world.Phone, "web.acme.internal") is null);

        // Killed: the link is gone, and with it what resolved was told.
        network.Machines["laptop"].Kill();
        network.Until("resolved knows nothing of it", () => resolved.Resolvectl(world.Phone, "status") is (0, var output, _) && !output.Contains("keyhole0", StringComparison.Ordinal));
        Assert.Equal(0, network.RunKeyhole(world.Phone, "laptop", ["repair"], resolved.Environment).Status);
        Assert.Equal("198.51.100.99", Found(network, world.Phone, "example.com"));
    }

    [LabFact("getent", "setpriv")]
    [Trait("Promise", "D9"), Trait("Threat", "26")]
    public void The_tools_of_other_resolvers_are_told_and_untold()
    {
        using var world = new World();
        File.WriteAllText(world.Phone.ResolvConf, "nameserver 127.0.0.53\n");
        using var network = new Network(world, Description());
        network.StartRelay();
        network.StartConnector(world.Office, "office-1");
        using var resolvectl = new RecordedTool("resolvectl");
        network.StartMachine(world.Phone, "laptop", resolvectl.Environment);
        string Own() => network.MachineStatus("laptop") is { } status && status.GetProperty("dns").GetProperty("server").GetString() is { } server ? server.Split(':')[0] : "?";
        network.Until("resolvectl was told", () => resolvectl.Calls.Contains("flush-caches"));
        Assert.Contains($"dns keyhole0 {Own()}", resolvectl.Calls);
        Assert.StartsWith("100.64.", Own(), StringComparison.Ordinal);
        Assert.Contains("default-route keyhole0 false", resolvectl.Calls);
        Assert.Contains("domain keyhole0 ~apps.acme.internal ~web.acme.internal", string.Join('\n', resolvectl.Calls), StringComparison.Ordinal);
        Assert.Equal("nameserver 127.0.0.53\n", File.ReadAllText(world.Phone.ResolvConf));

        // What resolved would ask: the server on the link's own address.
        File.WriteAllText(world.Phone.ResolvConf, $"nameserver {Own()}\n");
        network.Until("the server answers", () => Services.Resolve(world.Phone, "web.acme.internal") is not null);
        network.StopMachine("laptop");
        network.Until("resolvectl was told to forget", () => resolvectl.Calls.Contains("revert keyhole0"));
        network.Machines["laptop"].WaitForExit(Network.Patience);

        using var resolvconf = new RecordedTool("resolvconf");
        File.WriteAllText(world.Phone.ResolvConf, "# Generated by resolvconf\nnameserver 203.0.113.10\n");
        network.StartMachine(world.Phone, "laptop", resolvconf.Environment);
        network.Until("resolvconf was told", () => resolvconf.Calls.Contains($"-a lo.keyhole0 -m 0 < nameserver {Own()}"));
        network.Machines["laptop"].Kill();
        Assert.Equal(0, network.RunKeyhole(world.Phone, "laptop", ["repair"], resolvconf.Environment).Status);
        Assert.Contains("-d lo.keyhole0 < ", resolvconf.Calls);

        // The next start does the same before it contributes anything.
        network.RestartMachine(world.Phone, "laptop", resolvconf.Environment);
        network.Until("resolvconf was told", () => Changes() == "-a -d -a");
        network.Machines["laptop"].Kill();
        network.RestartMachine(world.Phone, "laptop", resolvconf.Environment);
        network.Until("resolvconf was told to forget, then anew", () => Changes() == "-a -d -a -d -a");

        string Changes()
        {
            var calls = new List<string>();
            foreach (string call in resolvconf.Calls.Select(call => call[..2]).Where(call => call is "-a" or "-d"))
            {
                if (calls.LastOrDefault() != call)
                    calls.Add(call);
            }

            return string.Join(' ', calls);
        }
    }

    /// <summary>The address of a name, asked until there is one: a resolver gives up a server that does not answer for some seconds.</summary>
    private static string Found(Network network, NetworkNamespace host, string name)
    {
        string? address = null;
        network.Until($"{name} has an address", () => (address = Services.Resolve(host, name)) is not null);
        return address!;
    }

    private static bool IsNamed(NetworkNamespace host, string address, string name) =>
        LabProcess.Execute("ip", "netns", "exec", host.Name, "getent", "hosts", address).Output.Contains(name, StringComparison.Ordinal);

    private static string Routes(NetworkNamespace host) => host.Run("ip", "route") + host.Run("ip", "-6", "route") + host.Run("ip", "address");

    private static string Description(bool web = true, bool apps = true) => $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1] }
        resources:
          - { name: web, site: office, destination: 192.168.1.20, alias: web.acme.internal, tcp: "8000-8100" }
          - { name: apps, site: office, destination: 192.168.1.20, alias: "*.apps.acme.internal", tcp: "8000-8100" }
          - { name: files, site: office, destination: 192.168.1.21, alias: files.acme.internal, tcp: "*" }
        machines: [{ name: laptop }, { name: other }]
        grants:
          - { resource: files, machines: [other] }
        {{(web ? "  - { resource: web, machines: [laptop] }" : "")}}
        {{(apps ? "  - { resource: apps, machines: [laptop] }" : "")}}
        """;

    private const string TwoSites = $$"""
        version: 1
        org: acme
        relays:
          - { name: vps, endpoint: "{{World.RelayAddress}}:21820" }
        sites:
          - { name: office, connectors: [office-1] }
          - { name: branch, connectors: [branch-1] }
        resources:
          - { name: intra, site: office, destination: intra.lan, alias: intra.office, tcp: "8000-8100" }
          - { name: branch-intra, site: branch, destination: intra.lan, alias: intra.branch, tcp: "8000-8100" }
        machines: [{ name: laptop }]
        grants:
          - { resource: intra, machines: [laptop] }
          - { resource: branch-intra, machines: [laptop] }
        """;
}
