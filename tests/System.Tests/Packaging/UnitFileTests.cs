using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>What packaging/systemd ships. systemd itself reads the units; a network runs with the variables, the files and the capabilities that they give.</summary>
[SideBySide]
public sealed class UnitFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-units-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [LabFact("systemd-analyze")]
    [Trait("Promise", "B14"), Trait("Promise", "O6")]
    public void Every_unit_is_one_that_systemd_reads_keeps_its_program_in_bounds_and_names_no_secret()
    {
        Assert.Equal(5, SystemdUnit.All.Count);
        Assert.All(SystemdUnit.All, Check);

        // The detectors read: a word that systemd does not know is named, and a service without bounds has hardly a better verdict than the worst.
        string file = Path.Combine(_folder, "free.service");
        File.WriteAllText(file, "[Service]\nExecStart=/bin/true\nNoSuchWord=1\n");
        Assert.Contains("NoSuchWord", LabProcess.Execute("systemd-analyze", "verify", "--man=no", file).Error, StringComparison.Ordinal);
        Assert.True(Exposure(file) > 9);
    }

    [Fact]
    [Trait("Promise", "B11"), Trait("Promise", "B14")]
    public void A_connector_that_is_the_auth_daemon_of_its_host_may_do_what_the_daemon_alone_may()
    {
        var daemon = SystemdUnit.Read("keyhole-auth-daemon");
        var connector = SystemdUnit.Read("keyhole-connector", "auth-daemon");
        Assert.Equal("root", connector.Value("User"));
        Assert.Equal("no", connector.Value("DynamicUser"));
        Assert.Contains("KEYHOLE_AUTH_DAEMON=1", connector.List("Environment"));
        Assert.Superset(daemon.Words("StateDirectory").ToHashSet(), connector.Words("StateDirectory").ToHashSet());
        // The last set of capabilities and of calls is the one that counts.
        Assert.Equal(daemon.Value("CapabilityBoundingSet"), connector.Value("CapabilityBoundingSet"));
        Assert.Equal(daemon.List("SystemCallFilter"), connector.List("SystemCallFilter"));
        Assert.Equal(daemon.Value("ProtectSystem"), connector.Value("ProtectSystem"));
        Assert.Equal(("no", "default", "no", "0022"), (connector.Value("ProtectHome"), connector.Value("ProtectProc"), connector.Value("RestrictSUIDSGID"), connector.Value("UMask")));
        Assert.All((string[])["ProtectHome", "ProtectProc", "RestrictSUIDSGID", "UMask"], key => Assert.Equal("", daemon.Value(key)));
    }

    [LabFact("setpriv")]
    [Trait("Promise", "A1"), Trait("Promise", "O6")]
    public void Relay_connector_and_machine_work_with_what_their_units_give_them()
    {
        using var world = new World();
        using var network = new Network(world, Descriptions.Laptop());
        using var web = Services.Tcp(world.OfficeServers, "192.168.1.20", 8000);
        // As systemd-resolved has it, where resolv.conf leads to its own file.
        File.WriteAllText(world.Phone.ResolvConf, "nameserver 203.0.113.10\n");
        LabProcess.Run("chown", "65534:65534", world.Phone.ResolvConf);
        Start(network, world.Vps, "keyhole-relay", "relay", "vps", $"KEYHOLE_LISTEN={World.RelayAddress}:21820", $"KEYHOLE_TLS_LISTEN={World.RelayAddress}:443");
        Start(network, world.Office, "keyhole-connector", "connector", "office-1");
        var machine = Start(network, world.Phone, "keyhole", "machine", "laptop");
        network.Until("the machine reaches what it was granted", () => Services.Reaches(world.Phone, "192.168.1.20", 8000, 2));
        network.Until("its resolver has the names", () => File.ReadAllText(world.Phone.ResolvConf).Contains("127.100.64.53", StringComparison.Ordinal));
        Assert.Contains($"TCP {World.RelayAddress}:443", world.Topology.AllLines(), StringComparison.Ordinal);

        machine.Kill();
        string[] repair = [.. SystemdUnit.Read("keyhole").Value("ExecStopPost").Split(' ')[1..]];
        Assert.Equal(0, Execute(world.Phone, SystemdUnit.Read("keyhole"), Programs.Client, repair, []).Status);
        Assert.Equal("nameserver 203.0.113.10\n", File.ReadAllText(world.Phone.ResolvConf));
    }

    private string States => Path.Combine(_folder, "state");

    private string CredentialsOf(SystemdUnit unit) => Path.Combine(_folder, "credentials", unit.Name);

    private LabProcess Start(Network network, NetworkNamespace host, string unitName, string kind, string name, params string[] more)
    {
        using var credentials = JsonDocument.Parse(network.Operate("credentials", kind, name, "--json"));
        var unit = SystemdUnit.Read(unitName);
        string secret = Path.Combine(Directory.CreateDirectory(CredentialsOf(unit)).FullName, Assert.Single(unit.Credentials.Keys));
        File.WriteAllText(secret, credentials.RootElement.GetProperty("secret").GetString());
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        // With DynamicUser the state directory is a link.
        string state = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "private")).FullName, unit.Value("StateDirectory"));
        Directory.CreateDirectory(state, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateSymbolicLink(Path.Combine(Directory.CreateDirectory(States).FullName, unit.Value("StateDirectory")), state);
        string[] file = [$"KEYHOLE_ENDPOINT=http://{World.RelayAddress}:8080", "KEYHOLE_ALLOW_HTTP=1", $"KEYHOLE_ID={credentials.RootElement.GetProperty("id").GetString()}", .. more];
        return network.World.Topology.Start(host, "setpriv", Line(unit, Path.Combine(Programs.Root, "out", "bin", unit.Command[0]), unit.Command[1..], file));
    }

    private (int Status, string Output, string Error) Execute(NetworkNamespace host, SystemdUnit unit, string program, string[] arguments, string[] file) =>
        LabProcess.Execute("ip", ["netns", "exec", host.Name, "setpriv", .. Line(unit, program, arguments, file)]);

    /// <summary>Root without the capabilities that the unit takes away: whoever writes to a file or opens a port by one of them fails.</summary>
    private string[] Line(SystemdUnit unit, string program, string[] arguments, string[] file)
    {
        var variables = unit.Environment(file, CredentialsOf(unit), States).Select(variable => $"{variable.Key}={variable.Value}");
        string bounds = string.Concat(unit.Capabilities.Select(capability => $",+{capability.Replace("CAP_", "", StringComparison.Ordinal).ToLowerInvariant()}"));
        return [$"--bounding-set=-all{bounds}", "--inh-caps=-all", "--no-new-privs", "env", .. variables, program, .. arguments];
    }

    private void Check(string name)
    {
        // The program need not be installed where this is tested.
        string file = Path.Combine(_folder, $"{name}.service");
        File.WriteAllText(file, Regex.Replace(File.ReadAllText(Path.Combine(SystemdUnit.Folder, $"{name}.service")), "^(Exec[A-Za-z]+=-?)/usr/local/bin/.*$", "$1/bin/true", RegexOptions.Multiline));
        string dropIns = Path.Combine(SystemdUnit.Folder, $"{name}.service.d");
        if (Directory.Exists(dropIns))
        {
            Directory.CreateDirectory(Path.Combine(_folder, $"{name}.service.d"));
            foreach (string dropIn in Directory.GetFiles(dropIns))
                File.Copy(dropIn, Path.Combine(_folder, $"{name}.service.d", Path.GetFileName(dropIn)));
        }

        var (status, output, error) = LabProcess.Execute("systemd-analyze", "verify", "--man=no", file);
        Assert.True(status == 0 && !error.Contains(file, StringComparison.Ordinal), output + error);
        Assert.InRange(Exposure(file), 0.1, 4.0);

        var unit = SystemdUnit.Read(name);
        Assert.DoesNotContain(unit.List("Environment"), line => Regex.IsMatch(line, "(SECRET|KEY)="));
        Assert.All(unit.Credentials.Keys, credential => Assert.Contains(unit.List("Environment"), line => line.EndsWith($"_FILE=%d/{credential}", StringComparison.Ordinal)));
        Assert.Contains(unit.Command[0], (string[])["keyhole", "keyhole-connector", "keyhole-control", "keyhole-relay"]);
    }

    /// <summary>What systemd says of a unit: 10.0 is a service without any bounds, up to 4.0 is "OK".</summary>
    private static double Exposure(string file) => double.Parse(
        Regex.Match(LabProcess.Run("systemd-analyze", "security", "--offline=true", "--no-pager", file), "exposure level for .*: ([0-9.]+)").Groups[1].Value, CultureInfo.InvariantCulture);
}
