using System.Diagnostics;
using System.Text.Json;
using Keyhole.Lab;

namespace Keyhole.System.Tests;

/// <summary>
/// A running Keyhole network in a <see cref="INetworkWorld"/>: real programs, started as an operator starts them and without any
/// privilege, and stock WireGuard apps.
/// </summary>
internal sealed class Network : IDisposable
{
    /// <summary>
    /// How long a healthy network may take for anything that is not itself a promise, on a machine that is slow, has other work and stands still now and then. It costs
    /// nothing where all is well.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static int s_interfaces;

    private readonly string _directory = Directory.CreateTempSubdirectory("keyhole-lab-").FullName;
    private readonly Dictionary<string, string> _environment;
    private readonly string _controlUrl;
    private readonly bool _both;

    /// <summary>Starts Control and applies the description.</summary>
    /// <param name="yaml">The network; its relay is called vps, its connectors office-1 and branch-1.</param>
    /// <param name="environment">Environment of relay and connectors, for shortened timers.</param>
    /// <param name="ipv6">Agents reach Control and relay over IPv6 when true (the YAML's endpoint should say the same).</param>
    /// <param name="both">Control and relay listen on IPv4 and IPv6, so that agents with one of them only find them.</param>
    public Network(INetworkWorld world, string yaml, Dictionary<string, string>? environment = null, bool ipv6 = false, bool both = false)
    {
        World = world;
        _both = both;
        _environment = environment ?? [];
        _controlUrl = ipv6 ? $"http://[{INetworkWorld.RelayAddress6}]:8080" : $"http://{INetworkWorld.RelayAddress}:8080";
        StartControl();
        Apply(yaml);
    }

    public INetworkWorld World { get; }

    public LabProcess Control { get; private set; } = null!;

    public LabProcess Relay { get; private set; } = null!;

    public Dictionary<string, LabProcess> Connectors { get; } = [];

    public Dictionary<string, LabProcess> Machines { get; } = [];

    /// <summary>Whose agents and commands these are, where Control holds several organisations; null for the only one.</summary>
    public string? Organisation { get; set; }

    /// <summary>Agents that have no IPv4.</summary>
    public HashSet<string> OnIpv6Only { get; } = [];

    public string ControlData => Folder("control");

    public void StartControl()
    {
        Control = StartRootless(World.Vps, Programs.Control, "serve", "--data", ControlData, "--listen", _both ? "http://[::]:8080" : _controlUrl, "--allow-http");
        Until("Control answers", () => Programs.Run(Programs.Control, "status", "--data", ControlData, "--json").Status == 0);
    }

    /// <summary>Runs a command of <c>keyhole-control</c> to its end and returns what it printed.</summary>
    public string Operate(params string[] arguments) =>
        Expect(Programs.Run(Programs.Control, [.. arguments, "--data", ControlData, .. Organisation is { } name ? (string[])["--org", name] : []]));

    /// <summary>Applies a description and returns what the command printed.</summary>
    public string Apply(string yaml)
    {
        string file = Path.Combine(_directory, "network.yaml");
        File.WriteAllText(file, yaml);
        return Expect(Programs.Run(Programs.Control, "apply", "-f", file, "--data", ControlData, "--yes", "--json"));
    }

    public void StartRelay(bool ipv6 = false)
    {
        Credentials("relay", "vps");
        RestartRelay(ipv6);
    }

    /// <summary>Starts the relay again with the credentials and the data directory that it has.</summary>
    public void RestartRelay(bool ipv6 = false) => Relay = StartRootless(World.Vps, Programs.Relay,
        [.. AgentArguments("vps"), "--listen", _both ? "[::]:21820" : ipv6 ? $"[{INetworkWorld.RelayAddress6}]:21820" : $"{INetworkWorld.RelayAddress}:21820"]);

    /// <summary>Starts a relay beside <see cref="Relay"/>, listening on an address of the host.</summary>
    public LabProcess StartRelay(NetworkNamespace host, string name, string address)
    {
        Credentials("relay", name);
        return StartRootless(host, Programs.Relay, [.. AgentArguments(name), "--listen", $"{address}:21820"]);
    }

    public void StartConnector(NetworkNamespace host, string name, params string[] arguments)
    {
        Credentials("connector", name);
        RestartConnector(host, name, arguments);
        Until($"connector {name} is registered", () => ConnectorStatus(name)?.GetProperty("registered").GetBoolean() == true);
    }

    /// <summary>Starts a connector as root of a machine with accounts, from the file that is installed there.</summary>
    /// <param name="arguments">Such as <c>--auth-daemon</c>.</param>
    public void StartConnector(SshHost host, string name, params string[] arguments)
    {
        Credentials("connector", name);
        Connectors[name] = host.StartProcess($"{SshHost.Programs}/keyhole-connector", [.. AgentArguments(name), .. arguments]);
        Until($"connector {name} is registered", () => ConnectorStatus(name)?.GetProperty("registered").GetBoolean() == true);
    }

    public void RestartConnector(NetworkNamespace host, string name, params string[] arguments) =>
        Connectors[name] = StartRootless(host, Programs.Connector, [.. AgentArguments(name), .. arguments]);

    /// <summary>Starts <c>keyhole up</c> of a machine, with the rights that a TUN interface needs.</summary>
    /// <param name="isGranted">False where nothing was granted, so that no session is to be waited for.</param>
    /// <returns>From the start of the program to sessions with all granted sites.</returns>
    public TimeSpan StartMachine(NetworkNamespace host, string name, IReadOnlyDictionary<string, string>? environment = null, bool isGranted = true)
    {
        Credentials("machine", name);
        return RestartMachine(host, name, environment, isGranted);
    }

    /// <summary>Starts it again with the credentials and the data directory that it has.</summary>
    public TimeSpan RestartMachine(NetworkNamespace host, string name, IReadOnlyDictionary<string, string>? environment = null, bool isGranted = true)
    {
        Machines[name] = World.Topology.Start(host, environment ?? _environment, Programs.Client, ["up", .. AgentArguments(name)]);
        return Until($"machine {name} is up", () => MachineStatus(name) is { } status
            && (isGranted ? status.GetProperty("ready").GetBoolean() : status.GetProperty("revision").GetInt64() > 0));
    }

    /// <summary>
    /// Starts <c>keyhole up --proxy</c> of a machine without any privilege, on a host that has no TUN device, and waits until it has sessions with all
    /// granted sites, if any.
    /// </summary>
    /// <param name="arguments">Of the proxy: <c>--listen</c>, <c>-L</c> …</param>
    public void StartProxy(NetworkNamespace host, string name, params string[] arguments)
    {
        Credentials("machine", name);
        // The mounts of "ip netns exec" are its own: what is hidden here is hidden from this program alone.
        Machines[name] = World.Topology.Start(
            host, _environment, "sh",
            [
                "-c", "if [ -d /dev/net ]; then mount -t tmpfs none /dev/net || exit 1; fi; exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \"$@\"", "sh",
                Programs.Client, "up", "--proxy", .. AgentArguments(name), .. arguments,
            ]);
        Until($"machine {name} is up", () => MachineStatus(name) is { } status && status.GetProperty("revision").GetInt64() > 0
            && (status.GetProperty("ready").GetBoolean() || status.GetProperty("sites").GetArrayLength() == 0));
    }

    /// <summary>Runs <c>keyhole up</c> to its end without the rights that a TUN interface needs.</summary>
    public (int Status, string Output, string Error) RunMachineWithoutRights(NetworkNamespace host, string name)
    {
        Credentials("machine", name);
        return LabProcess.Execute("ip", ["netns", "exec", host.Name, "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", Programs.Client, "up", .. AgentArguments(name)]);
    }

    /// <summary>Runs another command of a machine's <c>keyhole</c> to its end.</summary>
    public (int Status, string Output, string Error) RunKeyhole(NetworkNamespace host, string name, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        string[] variables = [.. (environment ?? _environment).Select(variable => $"{variable.Key}={variable.Value}")];
        return LabProcess.Execute("ip", ["netns", "exec", host.Name, "env", .. variables, Programs.Client, .. arguments, "--data", Folder(name)]);
    }

    /// <summary>The data directory of an agent.</summary>
    public string DataOf(string name) => Folder(name);

    /// <summary>What a machine's client says of itself; null where none answers.</summary>
    public JsonElement? MachineStatus(string name) => Status(Programs.Client, name);

    public (int Status, string Output, string Error) StopMachine(string name) => Programs.Run(Programs.Client, "down", "--data", Folder(name));

    public JsonElement? ConnectorStatus(string name) => Status(Programs.Connector, name);

    public JsonElement? RelayStatus() => Status(Programs.Relay, "vps");

    /// <summary>The same of a client that runs: one that has no time to answer at once is asked again.</summary>
    public JsonElement WaitForMachineStatus(string name) => WaitFor($"machine {name} answers", () => MachineStatus(name));

    public JsonElement WaitForConnectorStatus(string name) => WaitFor($"connector {name} answers", () => ConnectorStatus(name));

    public JsonElement WaitForRelayStatus() => WaitFor("the relay answers", RelayStatus);

    /// <summary>The .conf of an external client, with a private key the first time.</summary>
    public string Configuration(string client) => Expect(Programs.Run(Programs.Control, "external-client", "config", client, "--data", ControlData));

    /// <summary>Runs <c>keyhole-control external-client</c> with these arguments.</summary>
    public (int Status, string Output, string Error) ExternalClient(params string[] arguments) =>
        Programs.Run(Programs.Control, ["external-client", .. arguments, "--data", ControlData]);

    /// <summary>Starts wireguard-go with a client's configuration and gives it its routes.</summary>
    public WireGuardGo StartApp(NetworkNamespace host, string configuration) =>
        World.Topology.Own(WireGuardGo.Start(host, $"khs{Environment.ProcessId % 100000}x{Interlocked.Increment(ref s_interfaces)}", configuration));

    public void Dispose()
    {
        World.Topology.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>The first IPv4 and IPv6 overlay addresses of a resource's alias, from the configuration's comments.</summary>
    public static (string Ipv4, string Ipv6) Overlay(string configuration, string alias)
    {
        string line = configuration.Split('\n').First(line => line.StartsWith('#') && line.Contains(alias, StringComparison.Ordinal));
        var addresses = line.Split('=', 2)[1].Split(',', StringSplitOptions.TrimEntries);
        return (addresses.First(address => !address.Contains(':', StringComparison.Ordinal)), addresses.First(address => address.Contains(':', StringComparison.Ordinal)));
    }

    /// <summary>Waits for a condition; the failure shows what there was instead, where the caller can tell, and every program's last lines.</summary>
    public TimeSpan Until(string what, TimeSpan timeout, Func<bool> condition, Func<string>? instead = null)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > timeout)
                throw new TimeoutException($"In vain for {timeout.TotalSeconds:F0} s: {what}.\n{(instead is null ? "" : $"Instead: {instead()}\n")}{World.Topology.Logs()}");
            Thread.Sleep(20);
        }

        return clock.Elapsed;
    }

    /// <summary>The same with <see cref="Patience"/>.</summary>
    public TimeSpan Until(string what, Func<bool> condition, Func<string>? instead = null) => Until(what, Patience, condition, instead);

    /// <summary>Waits until something that is sent after this call has come back.</summary>
    /// <returns>How long that took.</returns>
    public TimeSpan UntilEchoed(string what, IEchoes echoes)
    {
        long sent = echoes.SentCount;
        return Until(what, () =>
        {
            Assert.False(echoes.Ended && echoes.BackCount <= sent, $"In vain: {what}. The connection ended.");
            return echoes.BackCount > sent;
        }, () => $"{echoes.BackCount} of {echoes.SentCount} came back, {sent} were sent before");
    }

    private string Folder(string name)
    {
        string path = Path.Combine(_directory, name);
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private void Credentials(string kind, string name)
    {
        using var document = JsonDocument.Parse(Operate("credentials", kind, name, "--json"));
        File.WriteAllText(Path.Combine(Folder(name), "id"), document.RootElement.GetProperty("id").GetString());
        File.WriteAllText(Path.Combine(Folder(name), "secret"), document.RootElement.GetProperty("secret").GetString());
        File.SetUnixFileMode(Path.Combine(Folder(name), "secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private string[] AgentArguments(string name) =>
    [
        "--endpoint", OnIpv6Only.Contains(name) ? $"http://[{INetworkWorld.RelayAddress6}]:8080" : _controlUrl, "--allow-http", "--id", File.ReadAllText(Path.Combine(Folder(name), "id")),
        "--secret-file", Path.Combine(Folder(name), "secret"), "--data", Folder(name),
    ];

    private LabProcess StartRootless(NetworkNamespace host, string program, params string[] arguments) => World.Topology.Start(
        host, _environment, "setpriv", ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", program, .. arguments]);

    private JsonElement WaitFor(string what, Func<JsonElement?> ask)
    {
        JsonElement? answer = null;
        Until(what, () => (answer = ask()) is not null);
        return answer!.Value;
    }

    private JsonElement? Status(string program, string name)
    {
        var (status, output, _) = Programs.Run(program, "status", "--data", Folder(name), "--json");
        return status == 0 ? JsonDocument.Parse(output).RootElement : null;
    }

    private static string Expect((int Status, string Output, string Error) result) =>
        result.Status == 0 ? result.Output : throw new InvalidOperationException($"status {result.Status}: {result.Error}{result.Output}");
}
